/** Another build behind the same address: the page is loaded anew once by itself, then asks for it. */
import { pulse } from "./clock.mjs";

/** @param {string} reason */
export function reloadNeeded(reason) {
  const key = `qt-reloaded-${pulse.build}`;
  if (!window.sessionStorage.getItem(key)) {
    window.sessionStorage.setItem(key, "1");
    window.location.reload();
    return;
  }
  const bar = document.getElementById("shell-reload"), text = document.getElementById("shell-reload-text");
  if (bar && text) {
    bar.hidden = false;
    text.textContent = `${reason} Reload the page.`;
  }
}

/** Compare the build of the last answer with this page's. */
export function checkBuild() {
  const mine = document.getElementById("shell-root");
  if (mine && pulse.build && pulse.build !== mine.dataset.build) {
    reloadNeeded("QTrade was restarted with another build.");
  }
}

document.addEventListener("click", (event) => {
  if (event.target instanceof Element && event.target.id === "shell-reload-now") {
    window.location.reload();
  }
});
