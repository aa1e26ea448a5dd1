// What a reader sees in a real browser: `node pages.mjs PID FOLDER` with URL and HTTP_TOKEN in the environment. PID is the service,
// which is stopped at the end; FOLDER gets a picture of each view.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [service, folder] = [Number(process.argv[2]), process.argv[3]];
const { URL: root, HTTP_TOKEN: token } = process.env;
const require = createRequire(join(process.env.NODE_PATH, "x.js"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});

// A page of its own that fails on any error in the console, and on any request to elsewhere.
async function open(options) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  const page = await context.newPage();
  const problems = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && problems.push(message.text()));
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("request", (request) => request.url().startsWith(`${root}/`) || problems.push(`request to ${request.url()}`));
  return { context, page, problems };
}

async function logIn(page) {
  await page.fill("#token", token);
  await page.click("button");
  await page.waitForSelector("h2#accounts");
}

// What axe-core finds, each with its element.
async function findings(page) {
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate(() => globalThis.axe.run());
  assert.ok(passes.length > 10, "axe-core ran its rules");
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
}

async function look(page, name) {
  assert.deepEqual(await findings(page), [], name);
  const { wide, shown } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, shown: innerWidth }));
  assert.ok(wide <= shown, `${name} is ${wide} wide and shows ${shown}`);
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  console.log(`ok: ${name}`);
}

async function theLogIn() {
  const { context, page, problems } = await open({});
  const answer = await page.goto(`${root}/`);
  assert.equal(answer.status(), 401);
  await look(page, "log-in");
  assert.equal(await page.evaluate(() => document.activeElement.id), "token", "the field has the focus");
  await page.fill("#token", "not-the-token-at-all");
  await page.click("button");
  await page.waitForSelector("text=This is not the token.");
  await look(page, "log-in-wrong");
  await logIn(page);
  // A browser reports each answer of 401 as an error.
  assert.deepEqual(problems.filter((problem) => !problem.includes("401")), []);
  const [cookie] = await context.cookies();
  assert.ok(cookie.httpOnly && cookie.sameSite === "Strict" && !cookie.value.includes(token), JSON.stringify(cookie));
  await context.close();
}

async function theOverview() {
  const { context, page, problems } = await open({ extraHTTPHeaders: { Authorization: `Bearer ${token}` } });
  await page.goto(`${root}/`);
  assert.match(await page.title(), /^CRITICAL: 2 alerts are open; 1 of 63 accounts cannot take jobs/);
  assert.equal(await page.locator("table.accounts tbody tr").count(), 50);
  assert.match(await page.locator("table.accounts tbody tr").first().innerText(), /gone[\s\S]*not usable/);
  assert.equal(await page.locator("script").count(), 0);
  await look(page, "overview");
  await page.locator("summary").first().click();
  await page.waitForSelector("article code:has-text('minimax-watch ack')");
  await look(page, "overview-what-to-do");
  await page.click("a[rel=next]");
  await page.waitForSelector("text=51 to 63 of 63");
  await page.fill("#q", "NEAR");
  await page.click("button:has-text('Filter')");
  assert.deepEqual(await page.locator("table.accounts tbody th a").allInnerTexts(), ["studio near its end"]);
  await page.selectOption("#show", "unusable");
  await page.click("button:has-text('Filter')");
  await page.waitForSelector("text=None of the 63 accounts matches.");
  await page.goto(`${root}/?q=123456`);
  const hostile = page.locator("table.accounts tbody th a");
  assert.equal(await hostile.innerText(), "<script>alert(1)</script> & \"friends\"");
  await hostile.click();
  await page.waitForSelector("h2#timeline");
  assert.match(await page.locator("h1").innerText(), /OK <script>alert\(1\)<\/script> & "friends"/);
  await look(page, "account");
  assert.deepEqual(problems, []);
  await page.goto(`${root}/accounts/main/other`);
  await look(page, "account-unknown");
  await context.close();
}

async function otherViews() {
  const headers = { extraHTTPHeaders: { Authorization: `Bearer ${token}` } };
  const views = {
    dark: { colorScheme: "dark" },
    narrow: { viewport: { width: 360, height: 740 } },
    "narrow-dark": { viewport: { width: 360, height: 740 }, colorScheme: "dark" },
    "large-text": { viewport: { width: 640, height: 740 }, deviceScaleFactor: 2 },
  };
  for (const [name, options] of Object.entries(views)) {
    const { context, page, problems } = await open({ ...headers, ...options });
    for (const [path, what] of [["/", "overview"], ["/accounts/main/near", "account"]]) {
      await page.goto(root + path);
      const back = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const isDark = back.match(/\d+/g).slice(0, 3).every((part) => Number(part) < 60);
      assert.equal(isDark, options.colorScheme === "dark", `${name}: ${back}`);
      await look(page, `${what}-${name}`);
    }
    assert.deepEqual(problems, [], name);
    await context.close();
  }
}

async function withoutScripts() {
  const { context, page } = await open({ javaScriptEnabled: false });
  await page.goto(`${root}/accounts/main/near`);
  await logIn(page);
  await page.fill("#q", "gone");
  await page.click("button:has-text('Filter')");
  await page.waitForSelector("text=1 to 1 of 1 that match, of 63 in all");
  await page.click("a:has-text('gone')");
  await page.waitForSelector("h2#timeline");
  console.log("ok: without scripts");
  await context.close();
}

// An open page says that it is old without asking the service, which is gone.
async function theOpenPage() {
  const { context, page } = await open({ extraHTTPHeaders: { Authorization: `Bearer ${token}` } });
  const client = await context.newCDPSession(page);
  await client.send("Animation.enable");
  await page.goto(`${root}/`);
  const late = page.locator(".late").first();
  const colour = () => page.evaluate(() => getComputedStyle(document.querySelector(".freshness")).color);
  assert.equal(await late.isVisible(), false);
  const before = await colour();
  process.kill(service);
  await client.send("Animation.setPlaybackRate", { playbackRate: 500 });
  await late.waitFor({ state: "visible", timeout: 20_000 });
  assert.match(await late.innerText(), /This page is old/);
  await page.waitForFunction((before) => getComputedStyle(document.querySelector(".freshness")).color !== before, before);
  await look(page, "overview-old");
  await context.close();
}

try {
  await theLogIn();
  await theOverview();
  await otherViews();
  await withoutScripts();
  await theOpenPage();
} finally {
  await browser.close();
}
