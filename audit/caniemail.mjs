// Lint a mail for the clients our readers have: node caniemail.mjs MAIL.html
// What a client refuses is an error and fails, unless the mail loses nothing by it; what
// it supports in part is told, and what nobody has tried on it is counted.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.cwd()}/`);
const { caniemail, rawData } = await import(pathToFileURL(require.resolve("caniemail")).href);

const CLIENTS = {
  "apple-mail": ["ios", "macos"],
  gmail: ["android", "desktop-webmail", "ios", "mobile-webmail"],
  outlook: ["android", "ios", "macos", "outlook-com", "windows", "windows-mail"],
  orange: ["android", "desktop-webmail", "ios"],
  sfr: ["android", "desktop-webmail", "ios"],
  laposte: ["android", "desktop-webmail", "ios"],
};
// Refused somewhere, and missed by nobody: why.
const PLAIN_WITHOUT = {
  "@media": "by night and on narrow screens only; the sheet is one column at any width",
  "<style> element": "holds nothing but those, and what Outlook.com's night undoes",
  "Attribute selector": "Outlook.com's night only, in a sheet of its own",
  "Class selector": "only within <style>",
  "Descendant combinator": "the same",
  "Type selector": "the same",
  "!important keyword": "the same",
  "color-scheme meta tag": "the client then decides for itself",
  "<body> element": "becomes a division; the outer table has its colour",
  "border-radius": "square corners",
  "text-decoration": "the button is underlined",
  "display:none": "the line of preview shows as a first line",
  "max-height property": "hides the line of preview a second time",
  overflow: "the same",
  "table-layout": "a word of fifty letters widens the sheet",
  "word-break": "the same",
  "lang attribute": "the client reads in its own language",
  "role attribute": "tables are announced",
  "aria-label attribute": "the article has no name",
  "mailto: links": "the address is written out",
};
const names = Object.entries(CLIENTS).flatMap(([family, members]) =>
  members.map((member) => `${family}.${member}`));

// The linter stops at a feature that was never tried on a client: say so in its data.
const untried = new Set();
for (const { title, stats } of rawData.data) {
  for (const name of names) {
    const [family, member] = name.split(".");
    stats[family] ??= {};
    if (stats[family][member]) continue;
    stats[family][member] = { never: "u" };
    untried.add(`${title} ${name}`);
  }
}

const { issues } = caniemail({ clients: names, html: readFileSync(process.argv[2], "utf8") });
const told = { errors: new Map(), "harmless refusals": new Map(), "in part": new Map() };
const unknown = new Set();
const found = [
  ...[...issues.errors].map((found) => ["errors", ...found]),
  ...[...issues.warnings].map((found) => ["in part", ...found]),
];
for (const [kind, name, list] of found) {
  for (const title of new Set(list.map((issue) => issue.title))) {
    if (untried.has(`${title} ${name}`)) {
      unknown.add(`${title} ${name}`);
      continue;
    }
    const harmless = kind === "errors" && title in PLAIN_WITHOUT;
    const titles = told[harmless ? "harmless refusals" : kind];
    titles.set(title, [...(titles.get(title) ?? []), name]);
  }
}
for (const [title, at] of told.errors) console.log(`  error: ${title}: ${at.join(", ")}`);
for (const [title, at] of told["harmless refusals"])
  console.log(`  refused, harmless: ${title} (${PLAIN_WITHOUT[title]}): ${at.join(", ")}`);
console.log(`  in part: ${[...told["in part"].keys()].join(", ")}`);
const sums = Object.entries(told).map(([kind, { size }]) => `${size} ${kind}`);
console.log(`${sums.join(", ")}, ${unknown.size} never tried`);
process.exit(told.errors.size ? 1 : 0);
