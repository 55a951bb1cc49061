/**
 * Which AWS regions lie under whose law. A jurisdiction that is not listed allows nothing: better a refused stamp than data in
 * a country that nobody thought about (I3). The United Kingdom (eu-west-2) and Switzerland (eu-central-2) are not in the EU.
 */
const awsRegionsOf: Readonly<Record<string, readonly string[]>> = {
  eu: ['eu-west-1', 'eu-west-3', 'eu-central-1', 'eu-north-1', 'eu-south-1', 'eu-south-2'],
  uk: ['eu-west-2'],
  ch: ['eu-central-2'],
  us: ['us-east-1', 'us-east-2', 'us-west-1', 'us-west-2'],
  ca: ['ca-central-1', 'ca-west-1'],
  br: ['sa-east-1'],
  sg: ['ap-southeast-1'],
  au: ['ap-southeast-2', 'ap-southeast-4'],
  jp: ['ap-northeast-1', 'ap-northeast-3'],
  kr: ['ap-northeast-2'],
  in: ['ap-south-1', 'ap-south-2'],
  hk: ['ap-east-1'],
  id: ['ap-southeast-3'],
  za: ['af-south-1'],
  bh: ['me-south-1'],
  ae: ['me-central-1'],
  il: ['il-central-1'],
};

/** Own entries only: a jurisdiction called "toString" must find nothing either. */
export const allowedAwsRegions = (jurisdiction: string): readonly string[] =>
  Object.hasOwn(awsRegionsOf, jurisdiction) ? awsRegionsOf[jurisdiction]! : [];
