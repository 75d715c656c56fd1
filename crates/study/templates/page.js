"use strict";
// Columns that sort, and long tables that open. Without this the page has all of its rows, in the order of the ranking.
(() => {
  const value = (row, at, isNumber) => {
    const cell = row.cells[at];
    const text = (cell.dataset.v ?? cell.textContent).trim();
    if (!isNumber) return text.toLowerCase();
    const number = parseFloat(text);
    return text === "" || Number.isNaN(number) ? null : number;
  };
  // Rows without a value come last whatever the direction.
  const compare = (a, b, sign) => {
    if (a === null || b === null) return (a === null) - (b === null);
    return sign * (typeof a === "string" ? a.localeCompare(b) : a - b);
  };
  const sort = (table, heads, at) => {
    const head = heads[at];
    const first = head.dataset.first ?? "ascending";
    const other = first === "ascending" ? "descending" : "ascending";
    const direction = head.getAttribute("aria-sort") === first ? other : first;
    heads.forEach((one) => one.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", direction);
    const isNumber = head.dataset.kind === "number";
    const sign = direction === "ascending" ? 1 : -1;
    const rows = [...table.tBodies[0].rows].map((row) => [value(row, at, isNumber), row]);
    rows.sort((a, b) => compare(a[0], b[0], sign));
    table.tBodies[0].append(...rows.map(([, row]) => row));
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, at) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => sort(table, heads, at));
    });
  }
  for (const table of document.querySelectorAll("table[data-short]")) {
    const all = table.tBodies[0].rows.length;
    const few = Number(table.dataset.short);
    if (all <= few + 5) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "more";
    const show = (isShort) => {
      table.classList.toggle("short", isShort);
      button.setAttribute("aria-expanded", String(!isShort));
      button.textContent = isShort ? `Show all ${all} rows` : `Show the first ${few} rows`;
    };
    button.addEventListener("click", () => show(!table.classList.contains("short")));
    show(true);
    table.parentElement.after(button);
  }
})();
