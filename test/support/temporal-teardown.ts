/** Ends the server that the set-up started. */
export default async function tearDown(): Promise<void> {
  const { stopTestTemporal } = globalThis as unknown as { stopTestTemporal: () => Promise<void> };
  await stopTestTemporal();
}
