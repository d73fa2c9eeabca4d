/** `npm run bench:NAME`: runs one of the benchmarks in test/bench. */
const benches = ["switch", "deploy", "call"];
// What is left are the benchmark's own arguments.
const [name = ""] = process.argv.splice(2, 1);
if (benches.includes(name)) {
  await import(`../../test/bench/${name}.js`);
} else {
  console.error(`usage: npm run ${benches.map((bench) => `bench:${bench}`).join("|")}`);
  process.exitCode = 2;
}
