// The sheet of 网页填表 over its one text field: arrows, Enter and Tab move, a paste fills many cells, errors stand at
// their cells. Nothing is kept in the browser: what is not yet sent is asked about before the page is left.
"use strict";

(() => {
  const form = document.querySelector("form[data-grid]");
  if (!form) return;
  const FIRST = Number(form.dataset.first);
  const MOST = Number(form.dataset.most);
  const MORE = 20;
  const carrier = form.elements.namedItem("text");
  const body = form.querySelector("tbody");
  const hint = form.querySelector("p[data-hint]");
  const state = form.querySelector("[data-state]");
  const told = form.querySelector("[data-mistakes]");
  const undoButton = form.querySelector("[data-undo]");
  const moreButton = form.querySelector("[data-more]");
  const heads = [...form.querySelectorAll("thead th")].slice(1);
  const labels = heads.map((head) => head.firstChild.data);
  const undo = []; // what cells held before a paste or a cleared row: [[row, column, text], …]
  let changed = false;
  let going = false;
  let pasting = Promise.resolve(); // 检查 waits until what was pasted stands in its cells

  // --- the text between sheet and server ------------------------------------------------------------------------------

  const quoted = (text) => (/["\t\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

  // As csv.reader does: a cell that begins with a quote ends at the next single one.
  function split(text) {
    const rows = [[""]];
    let inside = false;
    for (let i = 0; i < text.length; i += 1) {
      const row = rows.at(-1);
      const letter = text[i];
      if (inside && letter === '"' && text[i + 1] === '"') {
        row[row.length - 1] += '"';
        i += 1;
      } else if (letter === '"' && (inside || row.at(-1) === "")) inside = !inside;
      else if (!inside && letter === "\t") row.push("");
      else if (!inside && letter === "\n") rows.push([""]);
      else if (letter !== "\r") row[row.length - 1] += letter;
    }
    if (rows.at(-1).length === 1 && rows.at(-1)[0] === "") rows.pop();
    return rows;
  }

  function write() {
    const rows = [...body.rows].map((row) => inputsOf(row).map((input) => quoted(input.value.trim())));
    while (rows.length && rows.at(-1).every((cell) => !cell)) rows.pop();
    carrier.value = rows.map((row) => row.join("\t")).join("\n");
  }

  // --- cells ----------------------------------------------------------------------------------------------------------

  const inputsOf = (row) => [...row.querySelectorAll("input")];
  const at = (row, column) => body.rows[row]?.querySelectorAll("input")[column];
  const placeOf = (input) => [input.closest("tr").sectionRowIndex, inputsOf(input.closest("tr")).indexOf(input)];

  function addRow() {
    const number = body.rows.length + 1;
    const row = body.insertRow();
    const head = document.createElement("th");
    head.scope = "row";
    const clear = document.createElement("button");
    clear.type = "button";
    clear.className = "grid-row";
    clear.tabIndex = -1;
    clear.textContent = number;
    clear.setAttribute("aria-label", `清空第 ${number} 行`);
    clear.title = "清空本行";
    head.append(clear);
    row.append(head);
    heads.forEach((each, column) => {
      const input = document.createElement("input");
      input.type = "text";
      input.autocomplete = "off";
      input.spellcheck = false;
      input.setAttribute("aria-label", `第 ${number} 行 ${labels[column]}`);
      if (each.dataset.options) input.setAttribute("list", each.dataset.options);
      row.insertCell().append(input);
    });
  }

  function grow(count) {
    while (body.rows.length < Math.min(count, MOST)) addRow();
    moreButton.disabled = body.rows.length >= MOST;
  }

  function change(cells) {
    const before = [];
    for (const [row, column, text] of cells) {
      const input = at(row, column);
      if (!input || input.value === text) continue;
      before.push([row, column, input.value]);
      input.value = text;
      clean(input);
    }
    if (before.length) {
      undo.push(before);
      undoButton.disabled = false;
      changed = true;
    }
    return before.length;
  }

  function takeBack() {
    const before = undo.pop();
    undoButton.disabled = !undo.length;
    if (!before) return;
    for (const [row, column, text] of before) at(row, column).value = text;
    at(before[0][0], before[0][1]).focus();
    state.textContent = `已撤销 ${before.length} 格。`;
  }

  // --- errors ---------------------------------------------------------------------------------------------------------

  function clean(input) {
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
    delete input.dataset.mistake;
  }

  function tell(mistakes) {
    body.querySelectorAll("[aria-invalid]").forEach(clean);
    const list = told.querySelector("ul");
    list.replaceChildren();
    mistakes.forEach((one, index) => {
      const item = document.createElement("li");
      item.id = `grid-mistake-${index}`;
      const text = `${one.where}：${one.message}`;
      const cells = one.row === null ? [] : one.column === null ? inputsOf(body.rows[one.row]) : [at(one.row, one.column)];
      if (cells[0]) {
        const go = document.createElement("button");
        go.type = "button";
        go.className = "link-button";
        go.textContent = text;
        go.addEventListener("click", () => cells[0].focus());
        item.append(go);
      } else item.textContent = text;
      for (const cell of cells) {
        cell.setAttribute("aria-invalid", "true");
        cell.setAttribute("aria-describedby", [cell.getAttribute("aria-describedby"), item.id].filter(Boolean).join(" "));
        cell.dataset.mistake = [cell.dataset.mistake, one.message].filter(Boolean).join(" ");
      }
      list.append(item);
    });
    told.hidden = !mistakes.length;
    if (mistakes.length) {
      told.tabIndex = -1;
      told.focus();
    }
  }

  // --- keyboard, paste ------------------------------------------------------------------------------------------------

  function advise(input) {
    const column = placeOf(input)[1];
    hint.textContent = input.dataset.mistake || `${labels[column]}：${heads[column].dataset.hint}`;
    hint.classList.toggle("late", "mistake" in input.dataset);
  }

  body.addEventListener("focusin", (event) => {
    if (event.target.tagName !== "INPUT") return;
    advise(event.target);
    const row = placeOf(event.target)[0];
    if (row === body.rows.length - 1) grow(row + 2);
  });

  body.addEventListener("input", (event) => {
    changed = true;
    clean(event.target);
    advise(event.target);
  });

  body.addEventListener("keydown", (event) => {
    const input = event.target;
    if (input.tagName !== "INPUT" || event.isComposing) return; // Chinese input methods use Enter and arrows themselves
    const { key, ctrlKey, metaKey, altKey, shiftKey } = event;
    if (key === "z" && (ctrlKey || metaKey) && undo.length) {
      const [row, column] = placeOf(input);
      const last = undo.at(-1).find(([r, c]) => r === row && c === column);
      if (last || !input.value) {
        event.preventDefault();
        takeBack();
      }
      return;
    }
    if (ctrlKey || metaKey || altKey) return;
    const [row, column] = placeOf(input);
    const choosing = input.list && (key === "ArrowUp" || key === "ArrowDown") && !input.value;
    const start = input.selectionStart === 0 && input.selectionEnd === 0;
    const end = input.selectionStart === input.value.length;
    const to = {
      Enter: [row + (shiftKey ? -1 : 1), column],
      ArrowDown: choosing ? null : [row + 1, column],
      ArrowUp: choosing ? null : [row - 1, column],
      ArrowLeft: start ? [row, column - 1] : null,
      ArrowRight: end ? [row, column + 1] : null,
    }[key];
    if (key === "Enter") event.preventDefault(); // Enter never sends a half-filled sheet
    if (!to) return;
    if (to[0] === body.rows.length) grow(to[0] + 1);
    const next = at(...to);
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.select();
  });

  body.addEventListener("paste", (event) => {
    const text = event.clipboardData.getData("text/plain");
    if (event.target.tagName !== "INPUT" || !/[\t\n]/.test(text.trim())) return; // one cell: as ever
    event.preventDefault();
    const place = placeOf(event.target);
    pasting = pasting.then(() => paste(text, ...place));
  });

  async function paste(text, row, column) {
    let rows = split(text);
    let mistakes = [];
    if (column === 0 && rows.length > 1) {
      try {
        const data = new FormData(form);
        data.set("text", text);
        data.set("do", "paste");
        const answer = await ask(data);
        if (answer.rows) ({ rows, errors: mistakes } = answer);
      } catch {
        // without an answer the cells go in as they stand
      }
    }
    grow(row + rows.length);
    const count = change(rows.flatMap((cells, r) => cells.map((cell, c) => [row + r, column + c, cell.trim()])));
    const left = row + rows.length - body.rows.length;
    state.textContent =
      `已粘贴 ${count} 格。` + (left > 0 ? `最多 ${MOST} 行，有 ${left} 行没有放下；更多的请用“上传表格”。` : "");
    tell(mistakes);
  }

  body.addEventListener("click", (event) => {
    const clear = event.target.closest(".grid-row");
    if (!clear) return;
    const row = clear.closest("tr").sectionRowIndex;
    const count = change(inputsOf(body.rows[row]).map((_, column) => [row, column, ""]));
    if (count) state.textContent = `已清空第 ${row + 1} 行，可以撤销。`;
    at(row, 0).focus();
  });

  moreButton.addEventListener("click", () => {
    const first = body.rows.length;
    grow(first + MORE);
    at(first, 0)?.focus();
  });
  undoButton.addEventListener("click", takeBack);

  // --- sending --------------------------------------------------------------------------------------------------------

  async function ask(data) {
    const response = await fetch(form.action, {
      method: "POST",
      body: data,
      headers: { Accept: "application/json" },
      redirect: "error", // an expired log-in
    });
    return response.json();
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (going) return;
    going = true;
    await pasting;
    write();
    const data = new FormData(form);
    data.set("do", "check");
    state.textContent = "正在检查…";
    try {
      const answer = await ask(data);
      if (answer.next) {
        changed = false;
        location.assign(answer.next);
        return;
      }
      state.textContent = "";
      tell(answer.errors);
    } catch {
      state.textContent = "没有连上服务器，或登录已过期。内容还在这一页：请检查网络，或另开一页重新登录，再点“检查”。";
    } finally {
      going = false;
    }
  });

  addEventListener("beforeunload", (event) => {
    if (changed) event.preventDefault();
  });

  const text = carrier.value;
  form.querySelector("[data-text]").hidden = true;
  for (const part of ["[data-sheet]", "[data-tools]", "p[data-hint]"]) form.querySelector(part).hidden = false;
  hint.textContent = "方向键和回车移动；粘贴会填满多格，可以连表头一起粘贴。";
  const rows = split(text);
  grow(Math.max(FIRST, rows.length));
  rows.forEach((cells, r) => cells.forEach((cell, c) => at(r, c) && (at(r, c).value = cell)));
  if (told.hidden) at(0, 0).focus();
})();
