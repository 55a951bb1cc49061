import { z } from 'zod';

/**
 * The simulated cloud keeps what it pretends to have made in a file per stack, apart from the engine's state. Whoever
 * changes that file changes "the world", as somebody at a cloud's console would: tests do, and so does the planted drift.
 */
export const simulatedWorldFile = (stack: string): string => `simulated-cloud/${stack}.json`;

/** Resource id → its properties. */
export const SimulatedWorldSchema = z.record(z.string(), z.record(z.string(), z.json()));
export type SimulatedWorld = z.infer<typeof SimulatedWorldSchema>;
