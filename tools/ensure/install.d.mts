interface Lock {
  readonly packages?: Readonly<Record<string, unknown>>;
}

export function npmCi(root: string, report: (line: string) => void, tellEveryMs?: number): Promise<void>;
export function installMatchesLock(lock: Lock, installed: Lock, isThere?: (location: string) => boolean): boolean;
