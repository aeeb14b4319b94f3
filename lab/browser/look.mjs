// Looks at pages of the dashboard in a real browser, presses its buttons, and says what it met: one line of JSON for
// each line of the questions on stdin.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

/** Longest wait for anything that should happen. */
const BOUND_MS = 15_000;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--hide-scrollbars",
];

const [executablePath, origin] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: FLAGS });
/** @type {Map<string, import("playwright-core").BrowserContext>} */
const contexts = new Map();

/**
 * A browser of somebody: with a theme, with or without JavaScript.
 * @param {{ theme?: "light" | "dark", script?: boolean }} options
 */
async function context({ theme = "light", script = true }) {
  const key = `${theme} ${script}`;
  let known = contexts.get(key);
  if (known === undefined) {
    known = await browser.newContext({
      colorScheme: theme,
      javaScriptEnabled: script,
      viewport: { width: 1280, height: 900 },
    });
    known.setDefaultTimeout(BOUND_MS);
    contexts.set(key, known);
  }
  return known;
}

/** Opens a page and notes what it complains of. */
async function opened({ path, ...options }) {
  const page = await (await context(options)).newPage();
  /** @type {string[]} */
  const complaints = [];
  page.on("console", (line) => {
    if (["error", "warning"].includes(line.type())) complaints.push(line.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("requestfailed", (request) => complaints.push(`${request.url()} ${request.failure()?.errorText}`));
  const answer = await page.goto(origin + path, { waitUntil: "load" });
  return { page, complaints, status: answer?.status() ?? 0 };
}

const jobs = {
  /** Logs in, by the form. */
  async login({ token, ...options }) {
    const { page, complaints } = await opened({ path: "/.pointsman/", ...options });
    const asked = new URL(page.url()).pathname;
    await page.getByLabel("Admin token").fill(token);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.waitForURL(`${origin}/.pointsman/`);
    const title = await page.title();
    await page.close();
    return { asked, title, complaints };
  },

  /** Looks at a page: what it says, what is wrong with it, and a picture of it. */
  async look({ picture, ...options }) {
    const { page, complaints, status } = await opened(options);
    // Not a part of the page: it is evaluated from outside, so the page's policy stays in force.
    await page.evaluate(AXE);
    const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
    const serious = violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(
        ({ id, nodes }) =>
          `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join("; ")}`,
      );
    const minor = violations.filter(({ impact }) => impact !== "serious" && impact !== "critical").map(({ id }) => id);
    if (picture) await page.screenshot({ path: picture, fullPage: true });
    const told = { status, title: await page.title(), text: await page.innerText("main"), serious, minor, complaints };
    await page.close();
    return told;
  },

  /** Goes through the form of an act: from a link on a page to its end, by keyboard where `keys` says so. */
  async act({ link, reason, keys, ...options }) {
    const { page, complaints } = await opened(options);
    const found = page.getByRole("link", { name: link, exact: true }).first();
    if (keys) {
      await found.focus();
      await page.keyboard.press("Enter");
    } else {
      await found.click();
    }
    await page.getByLabel("Why").fill(reason);
    await page.keyboard.press("Enter");
    const button = page.getByRole("button", { name: /^Do it/ });
    await button.waitFor();
    const shown = await page.innerText("main");
    await button.focus();
    await page.keyboard.press("Enter");
    await page.getByText("Done.").waitFor();
    const done = await page.innerText("main");
    await page.close();
    return { shown, done, complaints };
  },

  /** Waits until the headline of an open page changes by itself, and says what was read out. */
  async refresh(options) {
    const { page, complaints } = await opened(options);
    const headline = () => page.locator("h1").innerText();
    const before = await headline();
    process.stdout.write(`${JSON.stringify({ before })}\n`);
    await page.waitForFunction((before) => document.querySelector("h1")?.innerText !== before, before, {
      timeout: 4 * BOUND_MS,
    });
    const told = { after: await headline(), news: await page.locator("#news").textContent(), complaints };
    await page.close();
    return told;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { job, ...options } = JSON.parse(line);
  let told;
  try {
    told = await jobs[job](options);
  } catch (error) {
    told = { failed: String(error) };
  }
  process.stdout.write(`${JSON.stringify(told)}\n`);
}
await browser.close();
