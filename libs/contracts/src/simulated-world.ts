import { z } from 'zod';

/**
 * The simulated cloud keeps what it pretends to have made in a file per stack, apart from the engine's state. Whoever
 * changes that file changes "the world", as somebody at a cloud's console would: tests do, and so does the planted drift.
 */
export const simulatedWorldFile = (stack: string): string => `simulated-cloud/${stack}.json`;

/** Resource id → its properties. */
export const SimulatedWorldSchema = z.record(z.string(), z.record(z.string(), z.json()));
export type SimulatedWorld = z.infer<typeof SimulatedWorldSchema>;

/** A final snapshot that something made when it was deleted. */
export const simulatedSnapshotId = (name: string): string => `snapshot-${name}`;

/** What is there for good once a stamp is gone: its final snapshots, and the keys without which they can't be read. */
export const outlivesItsStamp = (id: string): boolean => /^(snapshot|key)-/.test(id);
