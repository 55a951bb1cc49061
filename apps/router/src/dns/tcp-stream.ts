import type { Socket } from 'node:net';

/** From one whole question to the next: RFC 7766 §6.2.3 leaves it to servers; a resolver that has more to ask does so at once. */
const questionMs = 10_000;
/** A query with every option known is far shorter; a longer length is another protocol's first bytes. */
const messageBytesMax = 4096;

/**
 * Answers messages with a two-byte length before each (RFC 1035 §4.2.2), in their order, any number on a connection. `answer` gives
 * null where the other side isn't worth an answer: then the connection ends, since what follows can't be trusted. So does one on which no question
 * has come whole in time, however many bytes have: connections are few.
 */
export const serveStream = (socket: Socket, answer: (message: Buffer) => Buffer | null, questionMsMax = questionMs): void => {
  let held: Buffer = Buffer.alloc(0);
  const late = setTimeout(() => socket.destroy(), questionMsMax);
  socket.setNoDelay(true);
  socket.once('close', () => clearTimeout(late));
  socket.on('error', () => socket.destroy());
  socket.on('drain', () => socket.resume());
  socket.on('data', (chunk: Buffer) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    while (held.length >= 2) {
      const length = held.readUInt16BE(0);
      if (length > messageBytesMax) return void socket.destroy();
      if (held.length < 2 + length) return;
      const bytes = answer(held.subarray(2, 2 + length));
      held = held.subarray(2 + length);
      if (bytes === null) return void socket.destroy();
      late.refresh();
      const prefix = Buffer.alloc(2);
      prefix.writeUInt16BE(bytes.length);
      // Whoever doesn't read its answers is not read either: what is held stays below one read and its answers.
      if (!socket.write(Buffer.concat([prefix, bytes]))) socket.pause();
    }
  });
};
