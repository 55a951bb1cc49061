import { z } from 'zod';
import { MonthlyCostSchema, PolicyFindingSchema, ProvisionerMessageSchema, ProvisionRunSchema } from './provisioner-protocol.js';
import { StampSpecSchema } from './stamp-spec.js';

/**
 * Between the control plane and its planner (infra/engine/synth/planner-main): a long-lived child that only reads. It renders
 * specs and previews stacks with everything loaded already, a tenth of the time that a child per question takes. Many
 * questions may be under way; each has an id of the sender's.
 */

/** What the rendered graph depends on. Facts of the local target come without their secrets: those are known only at run time. */
export const SynthRequestSchema = z.object({
  spec: StampSpecSchema,
  regionFacts: ProvisionRunSchema.shape.regionFacts,
  templateVersion: ProvisionRunSchema.shape.templateVersion,
  local: z.object({ postgresServer: z.string(), natsUrl: z.string(), natsUser: z.string(), processDir: z.string() }).nullable(),
});
export type SynthRequest = z.infer<typeof SynthRequestSchema>;

/** What the template renders, without asking any engine or cloud. */
export const SynthesisSchema = z.object({
  /** Equal to the one that an `up` of the same spec reports (P-ST4). */
  graphDigest: z.string(),
  templateVersion: z.string(),
  /** In the order of registration, without components and connections; secrets masked, what is known at run time only is null. */
  resources: z.array(z.object({ type: z.string(), name: z.string(), protect: z.boolean(), inputs: z.record(z.string(), z.unknown()) })),
  policy: z.array(PolicyFindingSchema),
  monthlyCost: MonthlyCostSchema.nullable(),
});
export type Synthesis = z.infer<typeof SynthesisSchema>;

export const PlannerCommandSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('synth'), id: z.number().int(), request: SynthRequestSchema }),
  z.object({ type: z.literal('run'), id: z.number().int(), run: ProvisionRunSchema }),
  z.object({ type: z.literal('cancel'), id: z.number().int() }),
]);
export type PlannerCommand = z.input<typeof PlannerCommandSchema>;

const [, , ResultSchema, FailureSchema] = ProvisionerMessageSchema.options;

/** The planner's memory after each answer, so that its parent can replace one that has grown. */
const residentBytes = z.number().int();

export const PlannerMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready'), residentBytes }),
  z.object({ type: z.literal('synthesis'), id: z.number().int(), synthesis: SynthesisSchema, residentBytes }),
  z.object({
    type: z.literal('answer'),
    id: z.number().int(),
    answer: z.discriminatedUnion('type', [ResultSchema, FailureSchema]),
    residentBytes,
  }),
]);
export type PlannerMessage = z.infer<typeof PlannerMessageSchema>;
