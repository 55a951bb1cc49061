/** After the integration tests: both servers end, their folder goes. */
export default async () => {
  await globalThis.lapidaryTestBackends?.stop();
};
