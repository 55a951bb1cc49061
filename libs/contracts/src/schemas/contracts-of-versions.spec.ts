import { Ajv2020 } from 'ajv/dist/2020.js';
import { eventSchemas } from '../events/registry.js';
import { eventUpcasters, eventVersions } from '../events/upcasters.js';
import { releasedForms, type ReleasedForm } from './testing/released-forms.js';
import { samplesOf } from './testing/samples.js';
import { jsonSchemaOf, wireSchemas } from './wire-schemas.js';

const ajv = new Ajv2020({ strict: false, validateFormats: false });
const forms = releasedForms();
const newestForms = forms.filter((f) => f.form === 'now');
const isEvent = (type: string): boolean => Object.hasOwn(eventSchemas, type);
/** What a newer producer adds, which readers must not mind. */
const extended = (sample: unknown): unknown =>
  typeof sample === 'object' && sample !== null && !Array.isArray(sample) ? { ...sample, addedLater: { of: 'a newer version' } } : sample;
const isOpen = ({ schema }: ReleasedForm): boolean => schema['additionalProperties'] !== false;

/** Messages of types without an event's versions are read by their schema alone. */
const consume = (type: string, data: unknown): string | null => {
  if (isEvent(type)) {
    const read = eventVersions.read(type, data);
    return read.ok ? null : `${read.message} ${read.internal ?? ''}`;
  }
  return wireSchemas[type]!.safeParse(data).error?.message ?? null;
};

describe('P-SC1, P-SC2: producer × consumer × version, from the registry', () => {
  it('every released form has samples that it accepts itself, the least and the most of it', () => {
    expect(newestForms.map((f) => f.type).sort()).toEqual(Object.keys(wireSchemas).sort());
    for (const { type, form, schema } of forms) {
      const accepts = ajv.compile({ ...schema, $id: `sample/${type}.${form}` });
      const samples = samplesOf(schema);
      expect({ type, form, samples: samples.length > 0 }).toEqual({ type, form, samples: true });
      for (const sample of samples)
        expect({ type, form, sample, refused: accepts(sample) ? null : accepts.errors }).toMatchObject({ refused: null });
    }
  });

  it.each(forms)('what a producer of $type ($form) writes, every current consumer reads', (form) => {
    for (const sample of samplesOf(form.schema)) {
      expect({ sample, refused: consume(form.type, sample) }).toEqual({ sample, refused: null });
      if (isOpen(form)) expect(consume(form.type, extended(sample))).toBeNull();
    }
  });

  it.each(forms)('what this version writes of $type, a consumer of $form in the field reads', (form) => {
    const accepts = ajv.compile({ ...form.schema, $id: `field/${form.type}.${form.form}` });
    for (const sample of samplesOf(jsonSchemaOf(wireSchemas, form.type)))
      expect({ sample, errors: accepts(sample) ? null : accepts.errors }).toEqual({ sample, errors: null });
  });

  it.each(eventUpcasters)('what is written as $from is read as the newest, and keeps what nobody here knows', ({ from }) => {
    const { schema } = newestForms.find((f) => f.type === from)!;
    for (const sample of samplesOf(schema)) {
      const read = eventVersions.read(from, extended(sample));
      expect(read).toMatchObject({ ok: true, type: eventVersions.newestOf(from), data: { addedLater: { of: 'a newer version' } } });
    }
  });

  it('a sample that a schema must refuse is refused: the consumers do look', () => {
    for (const type of Object.keys(eventSchemas)) expect({ type, refused: consume(type, {}) !== null }).toEqual({ type, refused: true });
  });
});
