import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { Habits } from './habits.ts';
import { readRequests, type Message } from './read-messages.ts';

/** Bytes that one connection brought since the mark, and whether it has been closed by the other side. */
export interface Recorded {
  readonly bytes: string;
  readonly ended: boolean;
}

export interface Recorder {
  readonly url: string;
  readonly port: number;
  readonly habits: Habits;
  /** What arrives from now on is asked for by `since`. Returns what came after the last `since`: nobody has looked at that. */
  mark(): string;
  /** Per connection, those without new bytes left out. */
  since(): Recorded[];
  /** Connections that are open now. */
  readonly open: number;
  /** How the messages that arrive from now on are answered. */
  answerBy(answer: Answering): void;
  close(): Promise<void>;
}

/** Called once for every whole message, in the order of each connection. */
export type Answering = (message: Message, socket: Socket) => void;

export const pathOf = (message: Message): string => message.head.startLine.split(' ')[1] ?? '';
export const methodOf = (message: Message): string => message.head.startLine.split(' ')[0] ?? '';

/** Says which message it was, so that answers can't be mixed up unnoticed. */
export const seenAnswer = (message: Message): string => {
  const body = `seen ${pathOf(message)}`;
  return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${methodOf(message) === 'HEAD' ? '' : body}`;
};

export const answerSeen: Answering = (message, socket) => void socket.write(seenAnswer(message), 'latin1');

interface Connection {
  readonly socket: Socket;
  bytes: string;
  marked: number;
  looked: number;
  answered: number;
  ended: boolean;
}

/**
 * An upstream that keeps every byte, reads it by the given habits and answers what it reads as messages: what a stamp with such a
 * server would have worked on.
 */
export const startRecorder = async (habits: Habits): Promise<Recorder> => {
  const connections: Connection[] = [];
  let answer: Answering = answerSeen;
  const onData = (connection: Connection, chunk: Buffer): void => {
    connection.bytes += chunk.toString('latin1');
    const { messages, rest } = readRequests(connection.bytes, habits);
    for (const message of messages.slice(connection.answered)) answer(message, connection.socket);
    connection.answered = messages.length;
    if (typeof rest === 'object') connection.socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const connection: Connection = { socket, bytes: '', marked: 0, looked: 0, answered: 0, ended: false };
    connections.push(connection);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => onData(connection, chunk));
    socket.on('end', () => socket.end());
    socket.on('close', () => (connection.ended = true));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    habits,
    mark: () => {
      const late = connections.map((c) => c.bytes.slice(c.looked)).join('');
      // Closed connections are done with: a run of thousands of cases would keep them all.
      connections.splice(0, connections.length, ...connections.filter((c) => !c.ended));
      for (const connection of connections) connection.marked = connection.looked = connection.bytes.length;
      return late;
    },
    since: () => {
      for (const connection of connections) connection.looked = connection.bytes.length;
      return connections
        .filter((c) => c.bytes.length > c.marked)
        .map(({ bytes, marked, ended }) => ({ bytes: bytes.slice(marked), ended }));
    },
    get open() {
      return connections.filter((c) => !c.ended).length;
    },
    answerBy: (by) => void (answer = by),
    close: async () => {
      for (const { socket } of connections) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
