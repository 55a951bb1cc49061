import { errors } from '@nats-io/transport-node';

/** Whom was asked, and as whom. */
export interface LinkParty {
  readonly url: string;
  readonly user?: string;
}

/** What keeps a link from its server, for whoever reads the log on call: where, why, and what to look at. The stack says none of it. */
export const linkFailure = (error: unknown, { url, user }: LinkParty): string => {
  const server = `The NATS server at ${hostOf(url)}`;
  const who = user === undefined ? 'a client without a name' : `user "${user}"`;
  const cause = causesOf(error);
  if (cause.some((one) => one instanceof errors.PermissionViolationError))
    return `${server} does not let ${who} do this: ${textOf(cause[0])}`;
  if (isRefusal(error)) return `${server} refuses ${who}: its list of users is older than this process, or the password is another one`;
  if (cause.some((one) => codeOf(one) === 'ECONNREFUSED'))
    return `Nobody listens at ${hostOf(url)}: the NATS server is not running, or elsewhere`;
  if (cause.some((one) => codeOf(one) === 'ENOTFOUND')) return `There is no host of the name in ${hostOf(url)}`;
  if (cause.some((one) => one instanceof errors.TimeoutError)) return `${server} does not answer`;
  return `${server} can’t be used: ${textOf(cause.at(-1))}`;
};

/** Whether a server is there and does not let its client in. */
export const isRefusal = (error: unknown): boolean =>
  causesOf(error).some((one) => one instanceof errors.AuthorizationError || one instanceof errors.UserAuthenticationExpiredError);

const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : 'an address that is none');

/** The error, and what was behind it. */
const causesOf = (error: unknown): unknown[] => {
  const causes: unknown[] = [];
  for (let one: unknown = error; one !== undefined && !causes.includes(one); one = one instanceof Error ? one.cause : undefined)
    causes.push(one);
  return causes;
};

const codeOf = (error: unknown): unknown => (error as { code?: unknown } | null)?.code;
const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The same trouble is told again this often: a link is tried ten times a second, and who comes to the log late must find it. */
const againMs = 60_000;

export interface LinkProblem {
  readonly text: string;
  /** The server is there, and does not let this client in. */
  readonly isRefused: boolean;
}

/** Tells a link's trouble in words, the same one once a minute. */
export class LinkTrouble {
  private problem: LinkProblem | null = null;
  private told: { readonly text: string; readonly atMs: number } | null = null;

  constructor(
    private readonly party: LinkParty,
    private readonly warn: (text: string) => void,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** What keeps the link from its server at this moment; null: nothing that is known. */
  get now(): LinkProblem | null {
    return this.problem;
  }

  tell(error: unknown): void {
    const text = linkFailure(error, this.party);
    const atMs = this.nowMs();
    this.problem = { text, isRefused: isRefusal(error) };
    if (this.told?.text === text && atMs - this.told.atMs < againMs) return;
    this.told = { text, atMs };
    this.warn(text);
  }

  /** What comes next is told, whatever it is. */
  over(): void {
    this.told = null;
    this.problem = null;
  }
}
