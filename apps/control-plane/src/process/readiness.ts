/**
 * What this process still lacks, by name, for /readyz. Parts register a check once, in their constructor; a check
 * answers null when all is well, else what is missing in a few words.
 */
export type ReadinessCheck = () => string | null | Promise<string | null>;

/** A probe of the load balancer waits hardly longer. */
const checkMaxMs = 1_000;

export class Readiness {
  private readonly checks = new Map<string, ReadinessCheck>();
  private readonly flaws = new Map<string, () => Promise<readonly string[]>>();

  register(name: string, check: ReadinessCheck): void {
    this.checks.set(name, check);
  }

  /** Told beside "ready": no reason to send requests elsewhere, where they would find the same. */
  registerFlaws(name: string, check: () => Promise<readonly string[]>): void {
    this.flaws.set(name, check);
  }

  /** In plain words; empty: nothing is known. Where a check gives no answer the probe is answered all the same. */
  async impaired(): Promise<string[]> {
    const asked = [...this.flaws.values()].map(async (check) => await check().catch(() => []));
    return (await Promise.all(asked)).flat();
  }

  /** Name → what is missing; empty when ready. */
  async missing(): Promise<Record<string, string>> {
    const asked = [...this.checks].map(async ([name, check]) => [name, await inTime(check)] as const);
    const lacks = (await Promise.all(asked)).filter((answer): answer is readonly [string, string] => answer[1] !== null);
    return Object.fromEntries(lacks);
  }
}

const inTime = async (check: ReadinessCheck): Promise<string | null> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${checkMaxMs} ms`), checkMaxMs);
  });
  try {
    return await Promise.race([check(), late]);
  } catch (error) {
    return error instanceof Error ? error.message : 'failed';
  } finally {
    clearTimeout(timer);
  }
};
