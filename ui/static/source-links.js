// Tells Python of a click on a link to a source, or of Enter on it: which source shall open.

const SOURCE = "#source-";

export default function ({ setTriggerValue }) {
  const abort = new AbortController();
  document.addEventListener(
    "click",
    (event) => {
      const link = event.target.closest?.(`a[href^="${SOURCE}"]`);
      if (!link) return;
      event.preventDefault(); // the address stays that of the question
      setTriggerValue("opened", Number(link.hash.slice(SOURCE.length)));
    },
    { signal: abort.signal },
  );
  return () => abort.abort();
}
