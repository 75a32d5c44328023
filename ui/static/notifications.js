// Shows a notification of the browser when a question ends while nobody looks at the page.
// Python sends the newest questions whenever their states change; that somebody wants to be
// notified is kept in this browser alone, and the permission is the browser's own.

const KEY = "askqueue-notifications";
const TITLES = { finished: "Answer ready", failed: "Question failed" };
const HOW_TO_ALLOW =
  "Your browser blocks notifications of this address. To allow them, open the site settings " +
  "beside the address; this then switches itself on.";
const INSECURE =
  "Browsers show notifications only of addresses that begin with https:// or localhost.";
const UNKNOWN = "This browser cannot show notifications of a page.";

// They outlive the element, which goes and comes back with every outage.
const unfinished = new Set();
let known; // the ids that came last, none before the first
let choice = "";
let cannotShow = false;
let openQuestion = () => {};

export default function ({ data, parentElement, setTriggerValue }) {
  const box = parentElement.querySelector("input");
  const note = parentElement.querySelector("[role=status]");
  const draw = () => {
    box.checked = isOn();
    // Not before somebody wants it: until then nothing is amiss.
    note.textContent = wants() ? obstacle() : "";
  };
  openQuestion = (id) => setTriggerValue("opened", id);
  box.onchange = async () => {
    // With an explanation in view, another click takes the wish back, and the explanation with it.
    keepChoice(box.checked && !note.textContent);
    if (wants() && !obstacle() && Notification.permission === "default") {
      await Notification.requestPermission();
      if (Notification.permission === "default") keepChoice(false); // closed without an answer
    }
    draw();
  };
  notifyOf(data.questions);
  draw();
  box.disabled = false;
  return whenElsewhereChanged(draw);
}

function wants() {
  try {
    return localStorage.getItem(KEY) === "on";
  } catch {
    return choice === "on"; // storage is blocked: for as long as the page is open
  }
}

function keepChoice(isWanted) {
  choice = isWanted ? "on" : "";
  try {
    if (isWanted) localStorage.setItem(KEY, choice);
    else localStorage.removeItem(KEY);
  } catch {
    // see `wants`
  }
}

function isOn() {
  return wants() && !obstacle() && Notification.permission === "granted";
}

/** Why no notification can be shown, in a sentence that says what to do; "" if it can. */
function obstacle() {
  if (!window.isSecureContext) return INSECURE;
  if (cannotShow || !("Notification" in window)) return UNKNOWN;
  return Notification.permission === "denied" ? HOW_TO_ALLOW : "";
}

function notifyOf(questions) {
  const asked = askedSince(questions);
  for (const { id, state, words } of questions) {
    // One may be over before it was ever seen unfinished.
    const isNews = (unfinished.delete(id) || asked.has(id)) && state in TITLES;
    if (isNews && document.hidden && isOn()) show(id, TITLES[state], words);
    else if (!(state in TITLES) && state !== "stopped") unfinished.add(id);
  }
  known = new Set(questions.map(({ id }) => id));
}

/** What stands above all that was known: the newest come first. What moves up from below is old. */
function askedSince(questions) {
  const ids = questions.map(({ id }) => id);
  if (!known) return new Set();
  const newer = known.size ? ids.findIndex((id) => known.has(id)) : ids.length;
  return new Set(ids.slice(0, Math.max(0, newer)));
}

function show(id, title, words) {
  try {
    // Of the same question in another tab there is one notification, not two.
    const notification = new Notification(title, { body: words, tag: `askqueue-${id}` });
    notification.onclick = () => {
      window.focus();
      notification.close();
      openQuestion(id);
    };
  } catch {
    cannotShow = true; // browsers of phones have the word, but leave it to service workers
  }
}

/** Draw again when another tab or the settings of the browser change something; returns the end. */
function whenElsewhereChanged(draw) {
  const abort = new AbortController();
  window.addEventListener("storage", draw, { signal: abort.signal });
  navigator.permissions
    ?.query({ name: "notifications" })
    .then((status) => status.addEventListener("change", draw, { signal: abort.signal }))
    .catch(() => {}); // a browser that does not tell; the next draw sees it
  return () => abort.abort();
}
