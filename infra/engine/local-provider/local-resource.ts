import type { z } from 'zod';
import type { PropertyMap } from '../property-values.js';

/**
 * One kind of resource that the local provider realises. Its id follows from its inputs or its URN alone, so that a create
 * which is repeated after a crash finds what the first one made (I8).
 */
export interface LocalResource<Inputs> {
  readonly inputs: z.ZodType<Inputs>;
  /** Keys that are part of the identity. */
  readonly replacedBy: readonly string[];
  idOf(urn: string, inputs: Inputs): string;
  /** Creates, or completes and adopts what is there. */
  create(urn: string, inputs: Inputs): Promise<PropertyMap>;
  read(id: string, urn: string, props: PropertyMap): Promise<PropertyMap | undefined>;
  /** What `read` tells beside what the state says, as it should be (resource-provider.ts). */
  stated?(props: PropertyMap): PropertyMap;
  update(urn: string, inputs: Inputs, olds: PropertyMap): Promise<PropertyMap>;
  delete(id: string, urn: string, props: PropertyMap): Promise<void>;
}
