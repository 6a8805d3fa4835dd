// Conveniences: drafts, new messages, keys. Every page does all of its work without them.
"use strict";

// What somebody writes stays in this browser until it was sent: a draft for each person and ticket.
const form = document.getElementById("answer-form");
if (form) {
  const key = "draft-" + form.dataset.draft;
  const text = form.elements.text;
  const sent = sessionStorage.getItem("sent-" + key);
  // The page after an answer has come: what was sent is no draft any more.
  if (sent !== null && document.querySelector(".notice") && localStorage.getItem(key) === sent) {
    localStorage.removeItem(key);
  }
  sessionStorage.removeItem("sent-" + key);
  if (!text.value && localStorage.getItem(key)) {
    text.value = localStorage.getItem(key);
  }
  text.addEventListener("input", () => {
    if (text.value) {
      localStorage.setItem(key, text.value);
    } else {
      localStorage.removeItem(key);
    }
  });
  form.addEventListener("submit", () => sessionStorage.setItem("sent-" + key, text.value));
}

// Whoever logs out leaves no draft behind.
for (const out of document.querySelectorAll('form[action="/logout"]')) {
  out.addEventListener("submit", () => {
    Object.keys(localStorage).filter((key) => key.startsWith("draft-")).forEach((key) => localStorage.removeItem(key));
  });
}

// While the page is looked at, a line says what has come meanwhile. Nothing is loaded anew by itself.
const news = document.getElementById("news");
if (news) {
  setInterval(async () => {
    if (document.visibilityState !== "visible") {
      return;
    }
    try {
      const answer = await fetch(news.dataset.url, { headers: { Accept: "application/json" } });
      if (answer.status !== 200) {
        return;
      }
      const { count, by } = await answer.json();
      const line = `${count} new message${count === 1 ? "" : "s"} from ${by}. Reload the page to read.`;
      if (news.textContent !== line) {
        news.textContent = line;
      }
    } catch {
      // The server is away; the next time will do.
    }
  }, 20000);
}

// Whoever speaks to the browser, or types by accident, can switch the keys off.
const choice = document.getElementById("keys");
if (choice) {
  const box = choice.querySelector("input");
  choice.hidden = false;
  box.checked = localStorage.getItem("keys") !== "off";
  box.addEventListener("change", () => localStorage.setItem("keys", box.checked ? "on" : "off"));
}

// Keys, off while somebody types: r to the answer, / to the search, j and k to the next and the last message.
document.addEventListener("keydown", (event) => {
  const at = document.activeElement;
  if (localStorage.getItem("keys") === "off") {
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(at.tagName)) {
    return;
  }
  const messages = [...document.querySelectorAll(".message h3")];
  const place = messages.indexOf(at);
  const goals = {
    r: () => document.getElementById("text"),
    "/": () => document.getElementById("find"),
    j: () => messages[place + 1],
    k: () => messages[place < 0 ? messages.length - 1 : place - 1],
  };
  const goal = goals[event.key] && goals[event.key]();
  if (goal) {
    event.preventDefault();
    goal.tabIndex = goal.tagName === "H3" ? -1 : 0;
    goal.focus();
  }
});
