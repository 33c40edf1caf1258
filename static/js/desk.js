// The staff's pages. Everything here is help on top of forms that work without it:
// the entry form shows only the fields of the chosen event, says what an amount comes to, saves itself as a draft,
// and keeps in this browser what has not reached the server yet (an expired log-in, a broken connection).
"use strict";

(() => {
  const PREFIX = "desk:"; // app.js clears these at log-out
  const KEEP_DAYS = 7;
  const SAVE_AFTER = 3000; // ms of quiet before a draft is saved
  const NOT_KEPT = new Set(["csrfmiddlewaretoken", "token", "action", "remove", "version", "evidence"]);

  const clock = (date) =>
    date.toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", hour12: false });
  const owner = () => document.querySelector("[data-desk-owner]")?.dataset.deskOwner;

  // --- what this browser keeps: "desk:<user>:<token>" → {at, url, title, fields} ---------------------------------

  const store = {
    key: (token) => `${PREFIX}${owner()}:${token}`,
    get(token) {
      try {
        return JSON.parse(localStorage.getItem(this.key(token)));
      } catch {
        return null;
      }
    },
    put(token, value) {
      try {
        localStorage.setItem(this.key(token), JSON.stringify(value));
        return true;
      } catch {
        return false; // full, or switched off: the draft on the server remains
      }
    },
    drop(token) {
      localStorage.removeItem(this.key(token));
    },
    all() {
      const mine = `${PREFIX}${owner()}:`;
      return Object.keys(localStorage)
        .filter((key) => key.startsWith(mine))
        .map((key) => [key.slice(mine.length), this.get(key.slice(mine.length))]);
    },
    // Somebody else logged in here, or it is too old: a shared office computer must not pile it up.
    tidy() {
      const mine = `${PREFIX}${owner()}:`;
      for (const key of Object.keys(localStorage)) {
        if (key.startsWith(PREFIX) && !key.startsWith(mine)) localStorage.removeItem(key);
      }
      for (const [token, kept] of this.all()) {
        if (!kept || Date.now() - Date.parse(kept.at) > KEEP_DAYS * 86400000) this.drop(token);
      }
    },
  };

  // --- amounts: the same reading as ledger/money.py, in whole 分 -------------------------------------------------

  function readAmount(text, unit) {
    let cleaned = text.normalize("NFKC").replace(/[\s\u200b¥￥]/g, "").replace(/，/g, ",");
    let factor = unit === "万元" ? 1000000n : 100n;
    for (const [suffix, size] of [["万元", 1000000n], ["万", 1000000n], ["元", 100n]]) {
      if (cleaned.endsWith(suffix)) {
        cleaned = cleaned.slice(0, -suffix.length);
        factor = size;
        break;
      }
    }
    const match = /^(\d+|\d{1,3}(?:,\d{3})+)?(?:\.(\d*))?$/.exec(cleaned);
    if (!match || !(match[1] || match[2])) return null;
    const places = factor === 100n ? 2 : 6;
    const fraction = (match[2] || "").replace(/0+$/, "");
    if (fraction.length > places) return null;
    return BigInt((match[1] || "0").replace(/,/g, "")) * factor + BigInt(fraction.padEnd(places, "0"));
  }

  const grouped = (whole) => whole.toString().replace(/\B(?=(\d{3})+$)/g, ",");
  const yuan = (fen) => `${grouped(fen / 100n)}.${(fen % 100n).toString().padStart(2, "0")}`;
  const wan = (fen) =>
    `${grouped(fen / 1000000n)}.${(fen % 1000000n).toString().padStart(6, "0").replace(/0{1,4}$/, "")}`;

  function echoAmounts(form) {
    for (const echo of form.querySelectorAll("[data-echo]")) {
      const [typed, unit] = echo.parentElement.querySelectorAll("input, select");
      const fen = typed.value.trim() ? readAmount(typed.value, unit.value) : null;
      const text = fen ? `= ${yuan(fen)} 元（${wan(fen)} 万元）` : "";
      if (echo.textContent !== text) echo.textContent = text;
    }
  }

  // --- only the fields of the chosen event, or of what else is chosen ----------------------------------------------

  function showFields(form) {
    for (const wrapper of form.querySelectorAll("[data-field]")) {
      const controls = [...wrapper.querySelectorAll("[data-events]")];
      if (!controls.length) continue;
      const event = form.elements.namedItem(controls[0].dataset.chooser ?? "event");
      if (!event) continue;
      const belongs = controls[0].dataset.events.split(" ").includes(event.value);
      // A hidden field with an error on it would leave the person looking for it.
      // What was filled in stays to be seen, unless the chosen event cannot have it.
      const filled = controls[0].dataset.chooser && controls.some((control) => control.value);
      const shown = belongs || filled || wrapper.querySelector("[aria-invalid='true']") !== null;
      wrapper.hidden = !shown;
      for (const control of controls) control.disabled = !shown;
      const must = controls[0].dataset.required;
      const mark = wrapper.querySelector("[data-must]");
      if (mark && must !== undefined) mark.hidden = !event.value || !must.split(" ").includes(event.value);
      const labels = controls[0].dataset.labels;
      if (labels) {
        const label = wrapper.querySelector("label");
        label.dataset.plain ??= label.firstChild.data;
        label.firstChild.data = JSON.parse(labels)[event.value] ?? label.dataset.plain;
      }
    }
    // A heading over nothing is not shown. Inner parts come first: a part within one that is hidden counts as hidden.
    for (const part of [...form.querySelectorAll("[data-part]")].reverse()) {
      part.hidden = !part.querySelector("[data-field]:not([hidden])");
    }
  }

  // What comes back from this browser may be in a part that is folded away.
  function unfold(form) {
    for (const part of form.querySelectorAll("details[data-part]")) {
      if ([...part.querySelectorAll("input, select, textarea")].some((control) => control.value)) part.open = true;
    }
  }

  // --- the entry form -------------------------------------------------------------------------------------------

  function start(form) {
    const token = form.dataset.token;
    const status = form.querySelector("[data-saved]");
    const retry = form.querySelector("[data-retry]");
    let changed = 0; // counts changes; `saved` is the count the server has
    let saved = 0;
    let timer = null;
    let saving = null;
    let lastButton = null;
    let done = false;

    const say = (text) => {
      if (status.textContent !== text) status.textContent = text;
    };

    function keepHere() {
      const fields = [...new FormData(form)].filter(
        ([name, value]) =>
          typeof value === "string" && !NOT_KEPT.has(name) && !form.querySelector(`[name="${name}"][data-private]`),
      );
      return store.put(token, {
        at: new Date().toISOString(),
        url: form.getAttribute("action"),
        title: form.dataset.title,
        fields,
      });
    }

    function fillFrom(kept) {
      // the event first: it decides which fields are there to be filled
      for (const [name, value] of [...kept.fields].sort(([a], [b]) => (b === "event") - (a === "event"))) {
        const control = form.elements.namedItem(name);
        if (!control || !("value" in control)) continue;
        if (control.type === "checkbox") control.checked = true;
        else control.value = value;
      }
    }

    function draftData() {
      const data = new FormData(form);
      data.delete("files");
      return data;
    }

    async function save() {
      clearTimeout(timer);
      if (done || saved === changed) return;
      const version = changed;
      saving = new AbortController();
      say("正在保存…");
      try {
        const response = await fetch(form.dataset.draftUrl, {
          method: "POST",
          body: draftData(),
          signal: saving.signal,
          redirect: "error",
        });
        const answer = await response.json();
        if (done) return;
        if (response.ok) {
          saved = version;
          if (saved === changed) store.drop(token);
          say(`已自动保存 ${answer.saved}`);
        } else if (response.status === 401) {
          say("登录已过期，内容已保存在本机；提交时请重新登录，会自动填回。");
        } else if (response.status === 409) {
          done = true;
          store.drop(token);
          say(answer.message);
        } else {
          say(`草稿没有保存：${answer.message}内容仍在本机。`);
        }
      } catch (error) {
        if (error.name !== "AbortError") say("网络不通，内容已保存在本机，恢复后会自动保存。");
      }
    }

    function note() {
      changed += 1;
      keepHere();
      clearTimeout(timer);
      timer = setTimeout(save, SAVE_AFTER);
    }

    function fail(text) {
      keepHere();
      form.querySelector("[data-retry-text]").textContent = text;
      retry.hidden = false;
      retry.scrollIntoView({ block: "nearest" });
    }

    form.addEventListener("input", (event) => {
      if (event.target.type === "file") return;
      showFields(form);
      echoAmounts(form);
      note();
    });

    form.addEventListener("click", (event) => {
      const remove = event.target.closest("button[name='remove']");
      if (!remove) return;
      event.preventDefault();
      const next = remove.closest("li").nextElementSibling?.querySelector("button");
      remove.closest("li").remove();
      (next || form.querySelector("#id_files")).focus();
      note();
    });

    form.addEventListener("submit", (event) => {
      lastButton = event.submitter;
      clearTimeout(timer);
      saving?.abort(); // a late autosave must not overtake the submission
      keepHere();
      retry.hidden = true;
    });
    retry.querySelector("[data-retry-button]").addEventListener("click", () => form.requestSubmit(lastButton));

    // htmx sends the form, and each file as soon as it is chosen
    form.addEventListener("htmx:afterRequest", (event) => {
      const { xhr, successful, elt } = event.detail;
      if (elt.type === "file") {
        if (successful) {
          elt.value = "";
          note();
        }
        return;
      }
      // (`successful` is not set for an answer that sends the browser on)
      if (elt === form && xhr.getResponseHeader("X-Desk-Arrived") === token) {
        done = true;
        store.drop(token);
      }
    });
    for (const name of ["htmx:sendError", "htmx:timeout"]) {
      form.addEventListener(name, (event) => {
        if (event.detail.elt.type === "file") say("文件没有传上去：网络中断。文件仍选着，提交时会再传。");
        else fail("网络中断，内容已保存在本机。");
      });
    }
    form.addEventListener("htmx:responseError", (event) => {
      const code = event.detail.xhr.status;
      if (event.detail.elt.type === "file") {
        say(code === 413 ? "文件太大，没有传上去。" : `文件没有传上去（${code}），提交时会再传。`);
      } else if (code === 403) {
        fail("页面已过期，内容已保存在本机。请刷新页面，内容会自动填回，再提交一次。");
      } else {
        fail(`服务器没有收下（${code}），内容已保存在本机，请稍后再试。`);
      }
    });

    const unsaved = () => !done && saved !== changed && form.isConnected;
    addEventListener("pagehide", () => {
      if (!unsaved()) return;
      keepHere();
      navigator.sendBeacon(form.dataset.draftUrl, draftData());
    });
    document.addEventListener("submit", (event) => {
      if (!event.target.matches("[data-logout]")) return;
      // once logged out it is too late to save, and app.js leaves nothing in the browser
      if (unsaved()) navigator.sendBeacon(form.dataset.draftUrl, draftData());
      done = true;
    });
    addEventListener("online", () => {
      if (form.isConnected) save();
    });

    // What did not reach the server comes back; a form that has just been refused is already as typed.
    const kept = store.get(token);
    if (kept && form.dataset.typed === undefined) {
      fillFrom(kept);
      unfold(form);
      note();
      say(`已填回本机 ${clock(new Date(kept.at))} 保存的内容`);
    }
    showFields(form);
    echoAmounts(form);
    if (form.dataset.next !== undefined) {
      [...form.querySelectorAll(".fields input")].find((input) => !input.value && input.offsetParent)?.focus();
    }
  }

  // --- 我的工作: what only this browser has -----------------------------------------------------------------------

  function listLocal(section) {
    const list = section.querySelector("ul");
    list.replaceChildren();
    for (const [, kept] of store.all()) {
      if (!kept?.url?.startsWith("/")) continue;
      const link = document.createElement("a");
      link.href = kept.url;
      link.textContent = `继续填写：${kept.title}`;
      const item = document.createElement("li");
      const at = new Date(kept.at);
      item.append(link, ` （${at.getMonth() + 1}月${at.getDate()}日 ${clock(at)}）`);
      list.append(item);
    }
    section.hidden = !list.children.length;
  }

  // --- the review queue -----------------------------------------------------------------------------------------

  function startBulk(form) {
    const boxes = [...form.querySelectorAll("input[name='seen']")];
    const all = form.querySelector("[data-tick-all]");
    const said = form.querySelector("[data-ticked]");
    const count = () => {
      const ticked = boxes.filter((box) => box.checked).length;
      said.textContent = ticked ? `已勾选 ${ticked} 条` : "";
      all.textContent = ticked && ticked === boxes.length ? "全不选" : "全选本页";
    };
    all.hidden = boxes.length < 2;
    all.addEventListener("click", () => {
      const tick = boxes.some((box) => !box.checked);
      for (const box of boxes) box.checked = tick;
      count();
    });
    form.addEventListener("change", count);
    addEventListener("pageshow", count);
  }

  // After a decision the next entry opens with its buttons in the same place: the second click of a double click must
  // not decide it unseen.
  const UNSEEN = 700; // ms

  function startDecision(form) {
    const buttons = [...form.querySelectorAll("button[type=submit]")].filter((button) => !button.disabled);
    for (const button of buttons) button.disabled = true;
    setTimeout(() => {
      for (const button of buttons) button.disabled = false;
    }, UNSEEN);
  }

  function startAll(root) {
    if (!owner()) return;
    for (const form of root.querySelectorAll("form#decide")) startDecision(form);
    for (const form of root.querySelectorAll("[data-entry-form]")) start(form);
    for (const section of root.querySelectorAll("[data-local-copies]")) listLocal(section);
    for (const form of root.querySelectorAll("[data-bulk]")) startBulk(form);
  }

  document.addEventListener("DOMContentLoaded", () => {
    if (owner()) store.tidy();
    startAll(document);
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "main") return;
    const main = document.getElementById("main");
    startAll(main);
    main.querySelector("[data-error-summary]")?.setAttribute("tabindex", "-1");
    (main.querySelector("[data-error-summary]") || main).focus();
  });
})();
