interface Lock {
  readonly packages?: Readonly<Record<string, unknown>>;
}

export function installMatchesLock(lock: Lock, installed: Lock, isThere?: (location: string) => boolean): boolean;
