/** `npm run bench NAME`: runs one of the benchmarks in test/bench. */
const benches = ["deploy", "call"];
const [name = ""] = process.argv.slice(2);
if (benches.includes(name)) {
  await import(`../../test/bench/${name}.js`);
} else {
  console.error(`usage: npm run bench -- ${benches.join("|")}`);
  process.exitCode = 2;
}
