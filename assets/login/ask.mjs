/** The login's questions to the server, for its page and for a page whose session has ended. */

const LOGIN = "/login", SESSION = "/login/session", LOGOUT = "/logout";

/** @param {string} path @param {Record<string, string>} body */
function post(path, body) {
  return fetch(path, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
}

/**
 * Try a password, or a link's word.
 * @param {{password: string} | {once: string}} tried
 * @returns {Promise<string>} "" = logged in, else why not
 */
export async function logIn(tried) {
  try {
    const answer = await post(LOGIN, tried);
    if (answer.ok) {
      return "";
    }
    /** @type {{error?: string}} */
    const { error } = await answer.json();
    return error ?? "QTrade did not take it.";
  } catch {
    return "QTrade does not answer. Is it still running?";
  }
}

/** Whether this browser is in a session. */
export async function isLoggedIn() {
  try {
    return (await fetch(SESSION, { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}

/** End the session on the server. @returns {Promise<boolean>} */
export async function logOut() {
  try {
    const answer = await post(LOGOUT, {});
    return answer.ok || answer.status === 401;   // it had ended already
  } catch {
    return false;
  }
}

/** A button that shows what is typed into a password's box. @param {HTMLInputElement} box @param {HTMLButtonElement} button */
export function showable(box, button) {
  button.addEventListener("click", () => {
    const shown = box.type === "password";
    box.type = shown ? "text" : "password";
    button.textContent = shown ? "Hide" : "Show";
    button.setAttribute("aria-pressed", String(shown));
    box.focus();
  });
}
