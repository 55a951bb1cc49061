import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { AppError } from '@lapidary/kernel/app-error';
import { newId } from '@lapidary/kernel/ids';
import { answerProblemOnSocket } from './answer-problem.js';
import type { Endings } from './endings.js';

/** What Node's parser refuses before there is a request object. */
const parserAnswers: Readonly<Record<string, { readonly status: number; readonly phrase: string; readonly detail: string }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, phrase: 'Request Header Fields Too Large', detail: 'The head of the request is too large.' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, phrase: 'Payload Too Large', detail: 'The chunk extensions are too large.' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, phrase: 'Request Timeout', detail: 'The request did not arrive in time.' },
};
const malformed = { status: 400, phrase: 'Bad Request', detail: 'The request is not valid HTTP/1.1.' };

/** Answers where nothing else is being answered on that connection, and ends it: its next bytes have no known meaning. */
export const answerParserError = (
  error: NodeJS.ErrnoException,
  socket: Duplex,
  mayAnswer: boolean,
  endings: Pick<Endings, 'end'>,
): void => {
  if (!mayAnswer || !socket.writable || error.code === 'ECONNRESET' || error.code === 'EPIPE') return void socket.destroy();
  const { status, phrase, detail } = parserAnswers[error.code ?? ''] ?? malformed;
  const problem = new AppError(status === 408 ? 'timeout' : 'invalid_input', detail, { internal: error.code });
  answerProblemOnSocket(socket, { error: problem, requestId: newId(), status, phrase });
  endings.end(socket);
  socket.resume();
};

/** CONNECT asks for a tunnel to anywhere. */
export const refuseConnect = (_request: IncomingMessage, socket: Duplex, endings: Pick<Endings, 'end'>): void => {
  socket.on('error', () => undefined);
  const error = new AppError('invalid_input', 'CONNECT is not allowed.');
  answerProblemOnSocket(socket, { error, requestId: newId(), status: 405, phrase: 'Method Not Allowed' });
  endings.end(socket);
  socket.resume();
};
