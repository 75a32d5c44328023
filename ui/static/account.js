// Has a page end whose user is no longer the one who is signed in. A page learns who that is when
// it is opened; the browser may have signed out, or somebody else in, in another tab since.

const CHECK_MILLISECONDS = 10_000;
const LAST_ANSWER = "askqueue-account";

let isAsking = false;

export default function ({ data }) {
  const check = () => !document.hidden && checkUser(data.user);
  const timer = setInterval(check, CHECK_MILLISECONDS);
  // Who comes back to a tab sees at once whether it is still theirs.
  document.addEventListener("visibilitychange", check);
  window.addEventListener("focus", check);
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", check);
    window.removeEventListener("focus", check);
  };
}

async function checkUser(user) {
  if (isAsking) return;
  isAsking = true;
  try {
    const now = await currentUser();
    if (now === user) sessionStorage.removeItem(LAST_ANSWER);
    else if (now !== undefined) reloadOnce(`${user} ${now}`);
  } catch {
    // The server is away, or storage is blocked: the page says the one, and can live with the other.
  } finally {
    isAsking = false;
  }
}

/** Who is signed in, "" for nobody; undefined if that is not to be learned now. */
async function currentUser() {
  // A sign-in proxy may answer by sending the browser elsewhere.
  const reply = await fetch("/api/me", { cache: "no-store", redirect: "manual" });
  if (reply.ok) return (await reply.json()).user;
  return reply.status === 401 || reply.type === "opaqueredirect" ? "" : undefined;
}

/** Reload, unless that was done for this very answer and did not help. */
function reloadOnce(answer) {
  if (sessionStorage.getItem(LAST_ANSWER) === answer) return;
  sessionStorage.setItem(LAST_ANSWER, answer);
  window.location.reload();
}
