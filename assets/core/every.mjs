/**
 * The page's timers: none runs while the tab is hidden or the page frozen but for what has to call somebody
 * (`whileUnwatched`).
 */

/** Since when the page is frozen, as text of the market's clock; null = it is not. @type {string | null} */
let frozenAt = null;
/** @type {Array<() => void>} */
const onChange = [];

/** Nothing may move, whatever arrives. */
export function isFrozen() {
  return frozenAt !== null;
}

export function frozenSince() {
  return frozenAt;
}

/** @param {string | null} since the time to show, null = the page goes on */
export function setFrozen(since) {
  frozenAt = since;
  onChange.forEach((fn) => fn());
}

/** Whether somebody can see the page move. */
export function isWatched() {
  return !document.hidden && frozenAt === null;
}

const STOOD_MS = 5000;   // between two beats: the machine slept, or the page was busy
let lastBeat = performance.now();
let watchedSince = lastBeat;

/** For how long the page has been watched by now, in ms; what it last heard may be older. */
export function watchedFor() {
  const now = performance.now();
  return isWatched() && now - lastBeat < STOOD_MS ? now - watchedSince : 0;
}

function watchAnew() {
  lastBeat = watchedSince = performance.now();
}
onChange.push(watchAnew);

/** Tell `fn` when the page is shown, hidden, frozen or let go. @param {() => void} fn */
export function onWatched(fn) {
  onChange.push(fn);
}
document.addEventListener("visibilitychange", () => onChange.forEach((fn) => fn()));

const BEAT_MS = 1000;
const ANSWERS_MS = 250;   // a beat waits for the answer of its poll at most
/** @typedef {{beats: number, left: number, fn: () => unknown}} Task */
/** Drawing. @type {Task[]} */
const tasks = [];
/** Asking: what they bring is drawn in the frame of the same beat. @type {Task[]} */
const askers = [];
let beating = false;

/** @param {Task} task */
function isDue(task) {
  task.left -= 1;
  if (task.left > 0) {
    return false;
  }
  task.left = task.beats;
  return true;
}

/** @param {Task[]} due */
function run(due) {
  if (isWatched()) {
    due.forEach((task) => task.fn());
  }
}

/* One beat for all: what changes together is drawn in one frame, not in as many as there are timers. */
function beat() {
  if (performance.now() - lastBeat > STOOD_MS) {
    watchAnew();
  }
  lastBeat = performance.now();
  if (!isWatched()) {
    return;
  }
  const asked = askers.filter(isDue).map((task) => task.fn()), due = tasks.filter(isDue);
  if (asked.length) {
    const patience = new Promise((resolve) => { window.setTimeout(resolve, ANSWERS_MS); });
    void Promise.race([Promise.allSettled(asked), patience]).then(() => run(due));
  } else {
    run(due);
  }
}

/** @param {Task[]} list @param {number} ms @param {() => unknown} fn */
function onBeat(list, ms, fn) {
  list.push({ beats: ms / BEAT_MS, left: ms / BEAT_MS, fn });
  if (!beating) {
    beating = true;
    window.setInterval(beat, BEAT_MS);
  }
}

/**
 * Call `fn` each `ms` milliseconds while the page is watched: whole seconds on the beat of all, others on their own.
 * @param {number} ms
 * @param {() => void} fn
 */
export function every(ms, fn) {
  if (ms % BEAT_MS !== 0) {
    window.setInterval(() => {
      if (isWatched()) {
        fn();
      }
    }, ms);
    return;
  }
  onBeat(tasks, ms, fn);
}

/**
 * As `every`, for who asks the server: the page is drawn when the answer is there, with it.
 * @param {number} ms
 * @param {() => Promise<unknown>} fn settles when the answer has been taken
 */
export function everyAnswer(ms, fn) {
  if (ms % BEAT_MS !== 0) {
    every(ms, () => void fn());
    return;
  }
  onBeat(askers, ms, fn);
}

/**
 * Call `fn` each `ms` milliseconds while the tab is hidden, as late as the browser lets it, or the page is frozen: for what
 * has to call somebody.
 * @param {number} ms
 * @param {() => void} fn
 */
export function whileUnwatched(ms, fn) {
  window.setInterval(() => {
    if (!isWatched()) {
      fn();
    }
  }, ms);
}
