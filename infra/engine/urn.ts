/** `urn:pulumi:<stack>::<project>::<parent types>$<type>::<name>`, as Pulumi's engine builds them. */
export const stackType = 'pulumi:pulumi:Stack';

const partsOf = (urn: string): readonly string[] => urn.split('::');

const qualifiedTypeOf = (urn: string): string => partsOf(urn)[2] ?? '';

/** The resource's own type, without its parents'. */
export const typeOf = (urn: string): string => qualifiedTypeOf(urn).split('$').at(-1) ?? '';

export const nameOf = (urn: string): string => partsOf(urn).slice(3).join('::');

/** `aws` of `aws:ec2/vpc:Vpc`, and of the provider resource `pulumi:providers:aws`. */
export const packageOf = (type: string): string => {
  const parts = type.split(':');
  return (type.startsWith('pulumi:providers:') ? parts[2] : parts[0]) ?? '';
};

export const isProviderType = (type: string): boolean => type.startsWith('pulumi:providers:');

export const makeUrn = (stack: string, project: string, type: string, name: string, parent: string): string => {
  const parentType = parent === '' ? '' : qualifiedTypeOf(parent);
  const qualified = parentType === '' || parentType.endsWith(stackType) ? type : `${parentType}$${type}`;
  return `urn:pulumi:${stack}::${project}::${qualified}::${name}`;
};
