import { brotliCompress, brotliDecompressSync, constants } from 'node:zlib';
import { promisify } from 'node:util';
import { headers, NoRespondersError, RequestError, TimeoutError, type Msg, type MsgHdrs } from '@nats-io/transport-node';
import { isKeptText } from '@lapidary/kernel/kept-text';
import { z } from 'zod';
import { AppError, isAppError, toAppError, type FieldProblem } from '@lapidary/kernel/app-error';
import { isErrorCode } from '@lapidary/kernel/error-catalogue';
import { inColumns, readFrame } from './columns/columns-frame.js';

/** Present on a reply that is an error; its value is the catalogue code and the body says the rest. */
export const errorHeader = 'Lapidary-Error';

/** Who asks says that the answer may come compressed, or by columns, and the answer says that it does; as HTTP has it. Older versions know the first only. */
const acceptHeader = 'Accept-Encoding';
export const encodingHeader = 'Content-Encoding';
const brotli = 'br';
const columns = 'lapidary-columns-1';
/** Below this a packet is sent either way. */
const compressFromBytes = 1_024;
/** As batches of the event stream (packed-batch.ts). */
const brotliQuality = 5;
/** No answer of ours is larger; past it, it is an attack or a mistake. */
const inflatedBytesMax = 4 * 1024 * 1024;
const compress = promisify(brotliCompress);

const ErrorBodySchema = z.object({
  message: z.string(),
  fields: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  details: z.record(z.string(), z.unknown()).optional(),
  retryAfterSeconds: z.number().optional(),
});

export const encodeJson = (value: unknown): string => JSON.stringify(value);

export const acceptCompressed = (): MsgHdrs => {
  const h = headers();
  h.append(acceptHeader, brotli);
  h.append(acceptHeader, columns);
  return h;
};

export interface Encoded {
  readonly body: string | Uint8Array;
  readonly headers?: MsgHdrs;
}

/** An answer as JSON, compressed where the request takes that and it pays; `alike`: of many things of one form, which columns are for. */
export const encodeAnswer = async (request: Msg, value: unknown, alike = false): Promise<Encoded> => {
  const accepted = request.headers?.values(acceptHeader) ?? [];
  const h = headers();
  if (alike && accepted.includes(columns)) {
    h.set(encodingHeader, columns);
    return { body: await inColumns(value), headers: h };
  }
  const body = encodeJson(value);
  if (body.length < compressFromBytes || !accepted.includes(brotli)) return { body };
  h.set(encodingHeader, brotli);
  return { body: await compress(body, { params: { [constants.BROTLI_PARAM_QUALITY]: brotliQuality } }), headers: h };
};

const valueOf = (msg: Msg): unknown => {
  const encoding = msg.headers?.get(encodingHeader);
  if (encoding === columns) return readFrame(msg.data);
  return JSON.parse(
    encoding === brotli ? brotliDecompressSync(msg.data, { maxOutputLength: inflatedBytesMax }).toString('utf8') : msg.string(),
  );
};

const fieldsOf = (error: z.ZodError): FieldProblem[] =>
  error.issues.map((i) => ({ path: i.path.map(String).join('.'), message: i.message }));

/** Parses a message against a schema; what doesn't fit is `invalid_input` with the places. */
export const decodeJson = <T extends z.ZodType>(msg: Msg, schema: T): z.infer<T> => {
  let value: unknown;
  try {
    value = valueOf(msg);
  } catch {
    throw new AppError('invalid_input', 'The message is not JSON');
  }
  const parsed = checked(schema, value);
  if (!parsed.success) throw new AppError('invalid_input', 'The message does not fit its schema', { fields: fieldsOf(parsed.error) });
  return parsed.data;
};

/** A nesting over which a schema's own code overflows the stack fits none. */
const checked = <T extends z.ZodType>(schema: T, value: unknown): z.ZodSafeParseResult<z.infer<T>> => {
  try {
    return schema.safeParse(value);
  } catch (error) {
    throw new AppError('invalid_input', 'The message does not fit its schema', { cause: error });
  }
};

/** A text with anything else is refused by PostgreSQL, whichever statement meets it. */
const isKept = (value: unknown): boolean => {
  if (typeof value === 'string') return isKeptText(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([name, item]) => isKept(name) && isKept(item));
};

/** As decodeJson, of what somebody asks or tells: what no database can hold is refused as malformed, before it gets anywhere. */
export const decodeAsked = <T extends z.ZodType>(msg: Msg, schema: T): z.infer<T> => {
  const value = decodeJson(msg, schema);
  // In plain JSON such a character can only be written as an escape.
  const mayHold =
    msg.headers?.has(encodingHeader) || Buffer.from(msg.data.buffer, msg.data.byteOffset, msg.data.byteLength).includes('\\u');
  if (!mayHold) return value;
  let kept = false;
  try {
    kept = isKept(value);
  } catch {
    // Nested too deep to be looked through.
  }
  if (!kept) throw new AppError('invalid_input', 'The message holds a text that can’t be kept');
  return value;
};

/** What a responder sends instead of a reply; the internal text stays in its own log. */
export const encodeError = (thrown: unknown): Required<Encoded> => {
  const error = toAppError(thrown);
  const h = headers();
  h.set(errorHeader, error.code);
  const { message, fields, details, retryAfterSeconds } = error;
  return { body: JSON.stringify({ message, fields, details, retryAfterSeconds }), headers: h };
};

/** Throws what the responder reported, where the reply is an error. */
export const throwIfError = (msg: Msg): void => {
  const code = msg.headers?.get(errorHeader);
  if (!code) return;
  const { message, ...options } = decodeJson(msg, ErrorBodySchema);
  throw new AppError(isErrorCode(code) ? code : 'internal', message, options);
};

/** Names what a request died of: nobody there (`not_ready`), no answer in time (`timeout`), or a broken link (`not_ready`). */
export const requestFailure = (subject: string, thrown: unknown): AppError => {
  if (isAppError(thrown)) return thrown;
  if (thrown instanceof TimeoutError || (thrown instanceof Error && thrown.cause instanceof TimeoutError))
    return new AppError('timeout', 'No answer in time', { internal: subject, cause: thrown });
  if (thrown instanceof NoRespondersError || (thrown instanceof RequestError && thrown.isNoResponders()))
    return new AppError('not_ready', 'Nobody answers there at the moment', { internal: `no responders on ${subject}`, cause: thrown });
  return new AppError('not_ready', 'The link broke while waiting for the answer', { internal: subject, cause: thrown });
};
