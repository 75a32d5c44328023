"""What several pages share: words, buttons, errors, dialogs."""
