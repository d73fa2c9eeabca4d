import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { htmlReport } from "../../src/report/html-report.js";
import type { RunReport } from "../../src/report/run-report.js";
import { needBrowser } from "../support/browser.js";
import { toldRun } from "../support/told-run.js";
import { EVIL, hostileReport } from "./support/hostile-report.js";

/** What a person sees, in a real browser, at the widths and in the colours that people have. */
let browser: Browser;
let good: RunReport;
let failed: RunReport;
let hostile: RunReport;
const open: Page[] = [];
beforeAll(async () => {
  browser = await chromium.launch({ executablePath: needBrowser(), args: ["--no-sandbox"] });
  good = (await toldRun()).report;
  const broken = { afterSwitch: { afterMs: 3_000, does: "answers-500-but-healthy" } } as const;
  const { report } = await toldRun(broken);
  failed = {
    ...report,
    outcome: { ...report.outcome, logs: "listening on 3000\nfatal: out of luck\n" } as never,
  };
  hostile = await hostileReport();
}, 60_000);
afterEach(async () => {
  for (const page of open.splice(0)) await page.context().close();
});
afterAll(async () => void (await browser?.close()));

const WIDTHS = { phone: 360, desktop: 1280 } as const;

async function show(
  report: RunReport,
  options: {
    readonly width?: number;
    readonly colorScheme?: "light" | "dark";
    readonly scripts?: boolean;
  } = {},
) {
  const context = await browser.newContext({
    viewport: { width: options.width ?? WIDTHS.desktop, height: 900 },
    // What the page itself would run; the test's own questions are asked all the same.
    javaScriptEnabled: options.scripts ?? true,
  });
  const page = await context.newPage();
  open.push(page);
  const asked: string[] = [];
  const complaints: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("dialog", (dialog) => void dialog.dismiss());
  await page.setContent(htmlReport(report), { waitUntil: "load" });
  return { page, asked, complaints };
}

test.each(["good", "failed", "hostile"] as const)(
  "the %s one on phone and desktop, light and dark: nothing sticks out, nothing is too small or too faint",
  async (name) => {
    const { page } = await show({ good, failed, hostile }[name]);
    for (const width of Object.values(WIDTHS)) {
      await page.setViewportSize({ width, height: 900 });
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        await keepPicture(page, `${name}-${width}-${colorScheme}`);
        const faults = (await page.evaluate(FAULTS)) as string[];
        expect(faults, `${width} ${colorScheme}`).toEqual([]);
      }
    }
  },
);

test("a good deploy at a glance: what happened, how long, what changed", async () => {
  const { page } = await show(good);
  expect(await page.title()).toBe("shop to production: promoted");
  const text = await seen(page.locator("main"));
  expect(text).toMatch(/promoted[\s\S]*shop to production[\s\S]*Revision 2 serves in slot green/);
  for (const heading of ["Phases", "Requests through the switch", "Health probes", "What changed"])
    expect(await page.getByRole("heading", { name: heading }).count(), heading).toBe(1);
  expect(await page.locator(".rows li").allInnerTexts()).toEqual(
    expect.arrayContaining([expect.stringMatching(/^bake\s+\d+\.\d s$/)]),
  );
  expect(text).toMatch(/git log 111111111111\.\.222222222222/);
  expect(text).toContain("container.env.LOG_LEVEL");
  expect(text).not.toContain("plain-but-secret");
  expect(await page.locator(".chart span").count()).toBeGreaterThan(5);
  expect(await page.locator(".chart .fail").count()).toBe(0);
  expect(await page.getByRole("heading", { name: "Logs" }).count()).toBe(0);
});

test("a failed deploy: why and what next before anything else, its failures in the chart, its logs", async () => {
  const { page } = await show(failed);
  const text = await seen(page.locator("main"));
  expect(text.indexOf("Next:")).toBeLessThan(text.indexOf("Phases"));
  expect(text).toContain("Code: bake-failed");
  expect(await page.locator(".chart .fail").count()).toBeGreaterThan(0);
  const heights = await page
    .locator(".chart .fail")
    .evaluateAll((bars) => bars.map((bar) => bar.getBoundingClientRect().height));
  expect(Math.min(...heights)).toBeGreaterThan(0.5);
  expect(await seen(page.locator("pre"))).toBe("listening on 3000\nfatal: out of luck");
});

test("the numbers behind the chart can be read without seeing it", async () => {
  const { page } = await show(failed);
  await page.getByText("The numbers").click();
  const rows = await page.locator("details tr").count();
  expect(rows).toBe((await page.locator(".chart span").count()) + 1);
});

test("it is the same without JavaScript", async () => {
  const { page } = await show(failed, { scripts: false });
  expect(await page.locator(".chart span").count()).toBeGreaterThan(2);
  expect(await page.locator("pre").isVisible()).toBe(true);
});

test("it loads nothing and runs nothing, however hostile the texts in it are", async () => {
  const { page, asked, complaints } = await show(hostile);
  expect(asked).toEqual([]);
  expect(complaints).toEqual([]);
  expect(await page.title()).not.toBe("owned");
  expect(await page.locator("script, img, iframe, link, [onerror], h1 h1").count()).toBe(0);
  // All of it is there, as text.
  expect(await seen(page.locator("pre"))).toContain('<script>document.title="owned"</script>');
  expect(htmlReport(hostile)).not.toMatch(/[^\P{C}\n\t]/u);
  expect(EVIL).toContain("\u202e");
});

test("a run that was told nothing, such as a lock that somebody else has, is a page as well", async () => {
  const refused: RunReport = {
    ...good,
    outcome: { phase: "aborted", code: "locked", serving: null, reason: "locked by ci", logs: "" },
    ...{ timeline: [], phases: [], notes: [], health: [], changes: null, totalMs: 0 },
    failure: { code: "locked", why: "why", next: "next" },
  };
  const { page } = await show(refused, { width: WIDTHS.phone });
  expect(await seen(page.locator("main"))).toMatch(/aborted[\s\S]*never watched[\s\S]*No health probe/);
});

/** As it is rendered: what is hidden is not in it. */
async function seen(locator: Locator): Promise<string> {
  return (await locator.allInnerTexts()).join("\n");
}

/** Asked of the page: texts that are cut or tiny, and those that hardly differ from what is behind them. */
const FAULTS = `(() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => {
    const part = (v) => ((v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = rgb(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const faults = [];
  const page = document.documentElement;
  if (page.scrollWidth > page.clientWidth) faults.push("the page is " + page.scrollWidth + " wide");
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== "");
    if (!own || element.getClientRects().length === 0) continue;
    const style = getComputedStyle(element);
    const [one, other] = [light(rgb(style.color)), light(behind(element))].sort((a, b) => b - a);
    const contrast = (one + 0.05) / (other + 0.05);
    const name = element.tagName + " " + element.textContent.slice(0, 30);
    // WCAG 2.2, level AA.
    if (contrast < 4.5) faults.push(name + ": contrast " + contrast.toFixed(1));
    if (parseFloat(style.fontSize) < 12) faults.push(name + ": " + style.fontSize);
  }
  return faults;
})()`;

/** For a person who wants to look: `EVENKEEL_PICTURES=folder`. */
async function keepPicture(page: Page, name: string): Promise<void> {
  const folder = process.env.EVENKEEL_PICTURES;
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
