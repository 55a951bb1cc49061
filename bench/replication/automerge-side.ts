import { peer } from './npm-peers.ts';
import { answerParent } from './side-process.ts';
import type { Change, Field, Item } from './workload.ts';

/** One automerge-repo in memory, a document for each item; strings are immutable, as its makers advise for what nobody edits letter by letter. */

interface Handle {
  readonly documentId: string;
  heads(): readonly string[];
  doc(): Readonly<Record<string, unknown>> | undefined;
  change(edit: (doc: Record<string, unknown>) => void): void;
  whenReady(): Promise<void>;
}
interface Repo {
  create(value: unknown): Handle;
  find(id: string): Promise<Handle>;
  readonly peers: readonly string[];
  networkSubsystem: { addNetworkAdapter(adapter: unknown): void };
}
const retryMs = 100;
const { Repo } = await peer<{ Repo: new (options: object) => Repo }>('@automerge/automerge-repo');
const { WebSocketClientAdapter, WebSocketServerAdapter } = await peer<{
  WebSocketClientAdapter: new (url: string, retryMs: number) => unknown;
  WebSocketServerAdapter: new (server: unknown) => unknown;
}>('@automerge/automerge-repo-network-websocket');
const { WebSocketServer } = await peer<{ WebSocketServer: new (options: object) => { address(): { port: number } } }>('ws');
// The repo's own: one of another copy would be a stranger to it.
const { ImmutableString } = await peer<{ ImmutableString: new (text: string) => { readonly val: string } }>('@automerge/automerge');
// Its client throws where nobody can catch it when a connection is refused.
process.on('uncaughtException', () => undefined);

let repo: Repo;
const handles = new Map<string, Handle>();
const valueOf = (field: Field): unknown => (typeof field === 'string' ? new ImmutableString(field) : field);
const plain = (value: unknown): Field => (value instanceof ImmutableString ? value.val : (value as Field));

answerParent({
  serve: async (): Promise<number> => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await new Promise((resolve) => (server as unknown as NodeJS.EventEmitter).once('listening', resolve));
    repo = new Repo({ network: [new WebSocketServerAdapter(server)], peerId: 'two', sharePolicy: () => Promise.resolve(true) });
    return server.address().port;
  },
  fill: (items: readonly { id: string; item: Item }[]): [string, string][] => {
    repo = new Repo({ network: [], peerId: 'one', sharePolicy: () => Promise.resolve(true) });
    for (const { id, item } of items)
      handles.set(id, repo.create(Object.fromEntries(Object.entries(item).map(([name, of]) => [name, valueOf(of)]))));
    return [...handles].map(([id, { documentId }]) => [id, documentId]);
  },
  follow: (url: string): void => repo.networkSubsystem.addNetworkAdapter(new WebSocketClientAdapter(url, retryMs)),
  peers: (): number => repo.peers.length,
  find: async (ids: readonly [string, string][]): Promise<void> => {
    for (const [id, documentId] of ids) handles.set(id, await repo.find(documentId));
  },
  write: (changes: readonly Change[]): void => {
    for (const { id, fields } of changes)
      handles.get(id)!.change((doc) => {
        for (const [name, of] of Object.entries(fields)) doc[name] = valueOf(of);
      });
  },
  heads: (): string => [...handles].map(([id, handle]) => `${id} ${handle.heads().join('+')}`).join(),
  read: (): [string, Item][] =>
    [...handles].map(([id, handle]) => [
      id,
      Object.fromEntries(Object.entries(handle.doc() ?? {}).map(([name, of]) => [name, plain(of)])) as Item,
    ]),
});
