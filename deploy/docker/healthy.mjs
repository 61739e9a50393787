// Ends with 0 when this container's private port answers the path with 200: node healthy.mjs /healthz|/readyz

const [path = '/healthz'] = process.argv.slice(2);
const answer = await fetch(`http://127.0.0.1:${process.env.OPS_PORT}${path}`).catch(({ cause }) => {
  console.error(cause?.message);
});
// The body says why not, and the engine keeps it with the container's health.
if (answer) console.log(await answer.text());
process.exitCode = answer?.ok ? 0 : 1;
