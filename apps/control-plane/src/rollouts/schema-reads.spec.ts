import { eventSchemas } from '@lapidary/contracts/events/registry';
import { z } from 'zod';
import { ownEventSchemas } from './own-event-schemas.js';
import { unreadableBy, unreadableEvents } from './schema-reads.js';

const json = (schema: z.ZodType): Record<string, unknown> => z.toJSONSchema(schema, { unrepresentable: 'any' }) as Record<string, unknown>;
const why = (writer: z.ZodType, reader: z.ZodType): string[] => unreadableBy(json(writer), json(reader));

const stamp = z.object({ name: z.string(), status: z.enum(['active', 'failed']), units: z.number(), note: z.string().nullable() });

describe('what a reader can take (P-SC1, P-SC2)', () => {
  it.each<[string, z.ZodType, z.ZodType]>([
    ['the same', stamp, stamp],
    ['a field more than it knows', stamp.extend({ more: z.string() }), stamp],
    ['fewer values than it knows', stamp.extend({ status: z.enum(['active']) }), stamp],
    ['a value that is never null where it may be', stamp.extend({ note: z.string() }), stamp],
    ['whole numbers for numbers', stamp.extend({ units: z.number().int() }), stamp],
    ['a field it does not need, missing', stamp.omit({ note: true }), stamp.partial({ note: true })],
    ['anything, where it takes anything', stamp, z.unknown()],
  ])('%s', (_, writer, reader) => expect(why(writer, reader)).toEqual([]));

  it.each<[string, z.ZodType, z.ZodType, RegExp]>([
    ['a needed field that is missing', stamp.omit({ name: true }), stamp, /name is needed/],
    ['a needed field that may be missing', stamp.partial({ name: true }), stamp, /name is needed/],
    ['a new value of an enumeration', stamp.extend({ status: z.enum(['active', 'retired']) }), stamp, /status may be retired/],
    ['null where none is expected', stamp, stamp.extend({ note: z.string() }), /note may be of type null/],
    ['another type', stamp.extend({ units: z.string() }), stamp, /units may be of type string/],
    [
      'the same deep inside',
      z.object({ list: z.array(z.object({ stamp })) }),
      z.object({ list: z.array(z.object({ stamp: stamp.extend({ epoch: z.number() }) })) }),
      /list\[\]\.stamp\.epoch is needed/,
    ],
  ])('not %s', (_, writer, reader, pattern) => expect(why(writer, reader).join()).toMatch(pattern));
});

test('every event of this version can be read by this version, and none by a region that does not know it', () => {
  const schemas = ownEventSchemas();
  expect(Object.keys(schemas)).toEqual(Object.keys(eventSchemas));
  expect(unreadableEvents({ region: 'eu', schemas }, { region: 'us', schemas })).toEqual([]);
  const { 'lapidary.rollout.changed.v1': _, ...older } = schemas;
  expect(unreadableEvents({ region: 'eu', schemas }, { region: 'us', schemas: older })).toEqual([
    'us does not know lapidary.rollout.changed.v1, which eu writes',
  ]);
});
