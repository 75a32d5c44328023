// Tells Python of a click on a link to a source, or of Enter on it: which source shall open.

const SOURCE = "#source-";

export default function ({ setTriggerValue }) {
  const open = (hash) => setTriggerValue("opened", Number(hash.slice(SOURCE.length)));

  // A click that came before this script left its mark in the address, as does a link to a source.
  if (location.hash.startsWith(SOURCE)) {
    open(location.hash);
    history.replaceState(history.state, "", location.pathname + location.search);
  }

  const abort = new AbortController();
  document.addEventListener(
    "click",
    (event) => {
      const link = event.target.closest?.(`a[href^="${SOURCE}"]`);
      if (!link) return;
      event.preventDefault(); // the address stays that of the question
      open(link.hash);
    },
    { signal: abort.signal },
  );
  return () => abort.abort();
}
