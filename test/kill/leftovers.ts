/** Processes that run, of every part and command. */
const running = new Set<number>();

/** Notes a process that is not to outlive the test, until it has ended. */
export function noteProcess(pid: number, ended: Promise<unknown>): void {
  running.add(pid);
  void ended.finally(() => running.delete(pid));
}

/** For when the test itself is ended: Temporal, and whoever is stopped, would stay behind. */
export function killLeftovers(): void {
  for (const pid of running) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it has just ended
    }
  }
}
