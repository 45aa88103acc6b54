(() => {
  "use strict";
  const tools = document.querySelector(".tools");
  if (!tools) return;
  tools.hidden = false;
  const search = document.getElementById("search");
  const found = document.getElementById("found");
  const items = [...document.querySelectorAll("[data-item]")];
  const classes = items.filter((item) => item.matches("details"));
  const texts = new Map();
  const text = (item) => {
    if (!texts.has(item)) texts.set(item, item.textContent.toLowerCase());
    return texts.get(item);
  };
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const item of items) item.hidden = !words.every((word) => text(item).includes(word));
    for (const group of document.querySelectorAll("[data-group]")) {
      const members = [...group.querySelectorAll("[data-item]")];
      // The first group holds the search itself.
      const rest = [...group.children].filter((child) => !child.matches(".tools, [data-item]"));
      for (const child of rest) child.hidden = members.every((member) => member.hidden);
    }
    const shown = classes.filter((one) => !one.hidden).length;
    found.textContent = words.length ? `${shown} of ${classes.length}` : "";
  };
  const fold = (open) => {
    for (const one of document.querySelectorAll(".class, .item")) if (!one.hidden) one.open = open;
  };
  search.addEventListener("input", filter);
  document.getElementById("unfold").addEventListener("click", () => fold(true));
  document.getElementById("fold").addEventListener("click", () => fold(false));
  document.addEventListener("keydown", (event) => {
    const typing = event.target instanceof HTMLInputElement;
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      search.focus();
    } else if (event.key === "Escape" && event.target === search) {
      search.value = "";
      filter();
    }
  });
  const reveal = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const around = target && target.closest("details");
    if (!around) return;
    around.hidden = false;
    around.open = true;
    around.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  addEventListener("beforeprint", () => fold(true));
  reveal();
})();
