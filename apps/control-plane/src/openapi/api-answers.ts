import type { z } from 'zod';

export interface AnswersOptions {
  /** What the operation does, in one line. */
  readonly summary: string;
  readonly tag: string;
  readonly description?: string;
  /** Schema of the body by status; null: no body. */
  readonly answers: Readonly<Record<number, z.ZodType | null>>;
  /** Operation takes Idempotency-Key (every POST that runs a command). */
  readonly idempotent?: boolean;
  /** Operation takes If-Match. */
  readonly conditional?: boolean;
  /** What the operation takes besides, by header. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A method of a controller, with what is said of it; null: that there is nothing to say. */
interface Told {
  readonly options: AnswersOptions | null;
  readonly prototype: object;
  readonly name: string | symbol;
  readonly descriptor: PropertyDescriptor;
}

const untold: Told[] = [];

const tell =
  (options: AnswersOptions | null): MethodDecorator =>
  (prototype, name, descriptor) =>
    void untold.push({ options, prototype, name, descriptor });

/**
 * Documents an operation from the same zod schemas that its answers are typed by. It is only noted here, and made swagger's when somebody
 * asks for the document (describe-operations.ts): the packages for that are five hundred modules, which no start has to wait for. Bodies and queries are read by
 * swagger from `@Body({ schema })`.
 */
export const ApiAnswers = (options: AnswersOptions): MethodDecorator => tell(options);

/** Of what is no operation of the API. */
export const NoOperation = (): MethodDecorator => tell(null);

/** What was noted since the last time. */
export const takeUntold = (): Told[] => untold.splice(0);
