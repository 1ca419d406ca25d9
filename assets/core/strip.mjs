/** What counts in the strip: the age of the data, the clocks, and the words about a silent engine or server. */
import * as clock from "./clock.mjs";
import { pulse } from "./clock.mjs";
import { setText } from "./dom.mjs";
import * as fmt from "./format.mjs";
import { freshAge, freshness, wholeAge } from "./freshness.mjs";
import { get } from "./model.mjs";

/** @param {string} id @param {string} words */
function text(id, words) {
  const element = document.getElementById(id);
  if (element) {
    setText(element, words);
  }
}

function drawAge() {
  const element = document.getElementById("shell-age"), beat = clock.dataAge();
  if (!element) {
    return;
  }
  /* as the card of the positions says: the oldest price that claims to be live, or what the prices are instead */
  const fresh = freshness(get("strip.fresh") || {}), since = fresh.s === "stale" && fresh.since;
  const age = since ? Math.max(beat || 0, clock.now() - since) : freshAge(fresh);
  setText(element, age === null ? fmt.MISSING : fresh.s === "marked" ? fresh.word : fmt.age(age));
  const level = levelOf(beat, since, fresh.s === "marked");
  if (element.dataset.level !== level) {
    element.dataset.level = level;
  }
}

/** @param {number | null} beat @param {any} isStale @param {boolean} isMarked */
function levelOf(beat, isStale, isMarked) {
  if (beat === null) {
    return "none";
  }
  const trouble = clock.trouble();
  if (trouble === "dead") {
    return trouble;
  }
  return trouble || isStale ? "late" : isMarked ? "none" : "fresh";
}

function drawClock() {
  const market = clock.marketNow();
  const shown = clock.hasMarketClock() ? clock.clockText(market, "hms") : fmt.MISSING;
  const zone = document.getElementById("shell-zone");
  text("shell-clock", shown);
  text("shell-zone", ` ${get("strip.zone") ?? ""}`);
  if (zone && zone.hidden !== shown.includes(" ")) {
    zone.hidden = shown.includes(" ");   // a time that comes twice names its own
  }
  text("shell-clock-date", get("strip.own_clock") ? ` · ${clock.clockText(market, "date")}` : "");
  text("shell-local", clock.otherClock());
}

function drawTrouble() {
  const trouble = clock.trouble(), body = document.body, mark = pulse.failing ? "server" : trouble || "";
  if ((body.dataset.trouble || "") !== mark) {
    if (mark) {
      body.dataset.trouble = mark;
    } else {
      delete body.dataset.trouble;
    }
  }
  const note = document.getElementById("shell-trouble");
  if (note) {
    const words = troubleWords(trouble);
    if (note.hidden !== !words) {
      note.hidden = !words;
    }
    setText(note, words);
  }
}

/** @param {string | null} trouble */
function troubleWords(trouble) {
  if (pulse.failing) {
    return `The server is not answering. What you see is ${fmt.age(clock.dataAge())} old.`;
  }
  return trouble ? `The engine has been silent for ${wholeAge(clock.dataAge())}. What you see is its last word.` : "";
}

/** All of it, as it is now. */
export function drawStrip() {
  drawAge();
  drawClock();
  drawTrouble();
}
