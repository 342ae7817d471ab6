// Keeps an open page true: takes what changed from the server and morphs it in, without touching what somebody reads or
// types at this moment. Every page works without it.
"use strict";

const main = document.querySelector("main");
const offline = document.getElementById("offline");

// --- morphing -------------------------------------------------------------------------------------------------------

function morph(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) return old.replaceWith(fresh);
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE || old === document.activeElement && "value" in old) return;
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !(name === "open" && old.nodeName === "DETAILS")) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  morphChildren(old, fresh);
}

function morphChildren(old, fresh) {
  const known = new Map();
  for (const child of old.children) if (child.id) known.set(child.id, child);
  let next = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const twin = child.id ? known.get(child.id) : null;
    if (twin) {
      if (twin !== next) old.insertBefore(twin, next);
      else next = next.nextSibling;
      morph(twin, child);
    } else if (next && !child.id && !next.id) {
      const current = next;
      next = next.nextSibling;
      morph(current, child);
    } else {
      old.insertBefore(child, next);
    }
  }
  while (next) {
    const gone = next;
    next = next.nextSibling;
    gone.remove();
  }
}

// --- the stream of changes ------------------------------------------------------------------------------------------

let waiting = [];

function isBusy() {
  const selection = document.getSelection();
  return selection && !selection.isCollapsed && main.contains(selection.anchorNode);
}

function apply() {
  if (isBusy()) return;
  for (const html of waiting) {
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    for (const section of [...fresh.content.children]) {
      const old = document.getElementById(section.id);
      if (old) morph(old, section);
      else main.append(section);
    }
  }
  waiting = [];
  tick();
}

// A browser has six connections to a server, for all its tabs together, and keeps those of pages that somebody may come
// back to. So a page that was left or is not seen lets go of its own, and catches up when it is seen again.
function listen(address) {
  const url = new URL(address, location);
  let source = null;
  const open = () => {
    if (source || document.hidden) return;
    source = new EventSource(url);
    source.onopen = () => { offline.hidden = true; };
    source.onerror = ({ target }) => {
      offline.hidden = false;
      // Refused, not merely cut: the session is over. The page that is asked anew says so.
      if (target.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 3000);
    };
    source.addEventListener("gone", () => location.reload());
    source.addEventListener("page", event => {
      url.searchParams.set("version", event.lastEventId);
      waiting.push(event.data);
      apply();
    });
  };
  const close = () => {
    if (source) source.close();
    source = null;
  };
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  document.addEventListener("visibilitychange", () => { if (document.hidden) close(); else open(); });
  open();
}

if (main && main.dataset.live) {
  listen(main.dataset.live);
  document.addEventListener("selectionchange", () => { if (waiting.length) apply(); });
}

// --- clocks ---------------------------------------------------------------------------------------------------------

function tick() {
  // From what the server said when it was heard: the two clocks need not agree.
  for (const clock of document.querySelectorAll("[data-seconds]")) {
    if (clock.said !== clock.dataset.seconds) {
      clock.said = clock.dataset.seconds;
      clock.heardAt = performance.now();
    }
    const seconds = Number(clock.said) + Math.floor((performance.now() - clock.heardAt) / 1000);
    clock.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }
  for (const time of document.querySelectorAll("time[datetime]:not([title])")) {
    time.title = new Date(time.dateTime).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "long" });
  }
}

tick();
setInterval(tick, 1000);

// --- recordings -----------------------------------------------------------------------------------------------------

document.documentElement.classList.add("scripts");

document.addEventListener("change", event => {
  if (!event.target.matches("select[data-plays]")) return;
  document.getElementById(event.target.dataset.plays).playbackRate = Number(event.target.value);
});

function playFrom(player, seconds) {
  player.currentTime = seconds;
  player.play();
}

// A click on the picture of a sound goes there, one on a sentence to where it was said.
document.addEventListener("click", event => {
  const place = event.target.closest("[data-plays]:not(select)");
  const player = place && document.getElementById(place.dataset.plays);
  if (!player) return;
  if (place.dataset.from) {
    // Whoever wants it in another window gets it there.
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    playFrom(player, Number(place.dataset.from));
    return;
  }
  const { left, width } = place.getBoundingClientRect();
  playFrom(player, Number(place.dataset.length) * (event.clientX - left) / width);
});

// --- keys -----------------------------------------------------------------------------------------------------------

const keys = document.getElementById("keys");
const places = { l: "/live", c: "/campaigns", d: "/do-not-call", r: "/reports", s: "/settings" };
let afterG = false;

document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
  // Only where the navigation leads too: roles see different places.
  const place = afterG && document.querySelector(`nav a[href="${places[event.key]}"]`);
  if (place) place.click();
  afterG = event.key === "g";
  if (event.key === "/") {
    const search = document.querySelector("input[type=search]");
    if (search) { event.preventDefault(); search.focus(); search.select(); }
  }
  if (event.key === "?" && keys) keys.showModal();
});

// --- forms ----------------------------------------------------------------------------------------------------------

document.addEventListener("change", event => {
  const form = event.target.closest("form[data-submit]");
  if (form && event.target.matches("select, input[type=date]")) form.requestSubmit();
});

// Once is enough: a second press would ask for the same thing again.
document.addEventListener("submit", event => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
});

// Whoever comes back to a page may send its forms again.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// What is there only to be copied is marked whole.
document.addEventListener("focusin", event => { if (event.target.matches("input[readonly]")) event.target.select(); });

// What was done is said once, not again when the page is loaded anew.
if (location.search.includes("done=")) {
  const address = new URL(location);
  address.searchParams.delete("done");
  history.replaceState(null, "", address);
}
