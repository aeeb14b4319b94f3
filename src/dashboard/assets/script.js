// Fetches the page again and shows what has changed. Without it pages work the same, as they were.
(() => {
  const main = document.getElementById("main");
  const seconds = Number(main?.dataset.refresh);
  if (!seconds) return;
  const news = document.getElementById("news");
  const headline = (root) => root.querySelector("h1")?.textContent ?? "";
  let isAsking = false;

  const isBusy = () => document.hidden || isAsking || main.querySelector("input:focus, select:focus") !== null;

  async function refresh() {
    if (isBusy()) return;
    isAsking = true;
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" }, redirect: "error" });
      if (!answer.ok) throw new Error(String(answer.status));
      show(new DOMParser().parseFromString(await answer.text(), "text/html"));
      document.body.classList.remove("silent");
    } catch {
      document.body.classList.add("silent");
    } finally {
      isAsking = false;
    }
  }

  function show(page) {
    const next = page.getElementById("main");
    if (next === null || next.innerHTML === main.innerHTML) return;
    const was = headline(main);
    const focused = main.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    const links = () => [...main.querySelectorAll("a[href]")];
    main.replaceChildren(...next.childNodes);
    if (focused !== null)
      links()
        .find((link) => link.getAttribute("href") === focused)
        ?.focus({ preventScroll: true });
    document.title = page.title;
    // A reader of the screen is told what matters, and not every figure.
    if (headline(main) !== was) news.textContent = headline(main);
  }

  setInterval(refresh, seconds * 1000);
  document.addEventListener("visibilitychange", refresh);
})();
