/**
 * Values as they travel between Pulumi's SDK and an engine: JSON, in which three things are marked by signatures that
 * the SDK and every engine share (sdk/go/common/resource/properties.go): secrets, unknowns and outputs.
 */
export type PropertyValue = null | boolean | number | string | readonly PropertyValue[] | { readonly [key: string]: PropertyValue };
export type PropertyMap = Readonly<Record<string, PropertyValue>>;

const signatureKey = '4dabf18193072939515e22adb298388d';
const secretSignature = '1b47061264138c4ac30d75fd1eb44270';
const outputSignature = 'd0e6a833031e9bbcd3f4e8bde6ca49a4';
/** Stands for a value that is known only after the resource was created. */
export const unknownValue = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';
export const secretMask = '[secret]';

type Branch = Readonly<Record<string, PropertyValue>>;
const isBranch = (value: PropertyValue): value is Branch => typeof value === 'object' && value !== null && !Array.isArray(value);
const isList = (value: PropertyValue): value is readonly PropertyValue[] => Array.isArray(value);
const isSigned = (value: PropertyValue, signature: string): value is Branch => isBranch(value) && value[signatureKey] === signature;

export const isSecret = (value: PropertyValue): value is Branch => isSigned(value, secretSignature);
export const secret = (value: PropertyValue): PropertyValue => ({ [signatureKey]: secretSignature, value });
export const secretContent = (value: Branch): PropertyValue => value['value'] ?? null;

/** On disk a secret holds its encrypted text instead of its value. */
export const sealedSecret = (ciphertext: string): PropertyValue => ({ [signatureKey]: secretSignature, ciphertext });
export const sealedContent = (value: Branch): string | undefined =>
  typeof value['ciphertext'] === 'string' ? value['ciphertext'] : undefined;

/** Rebuilds a value from the leaves up; `onSecret` sees each outermost secret, inner ones are its own business. */
export const mapSecrets = (value: PropertyValue, onSecret: (secret: Branch) => PropertyValue): PropertyValue => {
  if (isSecret(value)) return onSecret(value);
  if (isSigned(value, outputSignature)) return mapSecrets(value['value'] ?? unknownValue, onSecret);
  if (isList(value)) return value.map((item) => mapSecrets(item, onSecret));
  if (isBranch(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapSecrets(item, onSecret)]));
  return value;
};

/** Without any marks: what providers work with. Never written, sent or logged. */
export const plain = (value: PropertyValue): PropertyValue => mapSecrets(value, (found) => plain(secretContent(found)));
export const plainMap = (value: PropertyMap): PropertyMap => plain(value) as PropertyMap;

/** With every secret hidden: what events, messages and logs carry. */
export const masked = (value: PropertyValue): PropertyValue => mapSecrets(value, () => secretMask);
export const maskedMap = (value: PropertyMap): PropertyMap => masked(value) as PropertyMap;

const some = (value: PropertyValue, test: (value: PropertyValue) => boolean): boolean => {
  if (test(value)) return true;
  if (isList(value)) return value.some((item) => some(item, test));
  return isBranch(value) && Object.values(value).some((item) => some(item, test));
};

export const containsSecret = (value: PropertyValue): boolean => some(value, isSecret);
export const containsUnknown = (value: PropertyValue): boolean => some(value, (v) => v === unknownValue);

/** Keys of `inputs` that are or hold a secret: what a provider must keep out of anything it stores or says. */
export const secretKeysOf = (inputs: PropertyMap): readonly string[] =>
  Object.keys(inputs).filter((key) => containsSecret(inputs[key] ?? null));

/**
 * A provider answers in plain; what came in as a secret, or is declared one, leaves as a secret. `like` shows where in a value the
 * secrets are: of an environment only the variables that hold one, and those that it does not know.
 */
export const withSecretsMarked = (outputs: PropertyMap, secretKeys: readonly string[], like: PropertyMap = {}): PropertyMap =>
  Object.fromEntries(Object.entries(outputs).map(([key, value]) => [key, secretKeys.includes(key) ? markedLike(value, like[key]) : value]));

const markedLike = (value: PropertyValue, like: PropertyValue | undefined): PropertyValue => {
  if (isSecret(value)) return value;
  if (like === undefined || isSecret(like)) return secret(value);
  if (!containsSecret(like)) return value;
  if (!isBranch(value) || !isBranch(like)) return secret(value);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, markedLike(item, Object.hasOwn(like, key) ? like[key] : undefined)]),
  );
};

/** Keys that are declared secret as a whole show nothing of what is in them. */
export const withoutKeys = (map: PropertyMap, keys: readonly string[]): PropertyMap =>
  Object.fromEntries(Object.entries(map).filter(([key]) => !keys.includes(key)));

/** Every text inside secrets, for scrubbing what third parties put into error messages. */
export const secretTexts = (value: PropertyValue): readonly string[] => {
  const found: string[] = [];
  const collect = (inner: PropertyValue): void => {
    if (typeof inner === 'string') found.push(inner);
    else if (isList(inner)) inner.forEach(collect);
    else if (isBranch(inner)) Object.values(inner).forEach(collect);
  };
  mapSecrets(value, (branch) => {
    collect(plain(secretContent(branch)));
    return null;
  });
  return found;
};
