import { Certificate } from '@pulumi/aws/acm/certificate.js';
import { CertificateValidation } from '@pulumi/aws/acm/certificateValidation.js';
import { Record as DnsRecord } from '@pulumi/aws/route53/record.js';
import type * as pulumi from '@pulumi/pulumi';
import { nameOf, tagged, type StackOwner } from './stack-owner.js';

/** What ACM asks for is the same on every renewal; a minute is enough where it changes. */
const validationTtlSeconds = 60;

/** A certificate that ACM renews by itself, for as long as its record stands in the zone. Returns the ARN once it is issued. */
export const addCertificate = (args: {
  readonly owner: StackOwner;
  readonly what: string;
  readonly domainName: pulumi.Input<string>;
  readonly zoneId: pulumi.Input<string>;
  readonly parent: pulumi.Resource;
}): pulumi.Output<string> => {
  const { owner, what, parent } = args;
  const id = nameOf(owner, what);
  const certificate = new Certificate(id, { domainName: args.domainName, validationMethod: 'DNS', tags: tagged(owner, what) }, { parent });
  const asked = certificate.domainValidationOptions.apply((options) => options[0]!);
  const record = new DnsRecord(
    `${id}-validation`,
    {
      zoneId: args.zoneId,
      name: asked.resourceRecordName,
      type: asked.resourceRecordType,
      records: [asked.resourceRecordValue],
      ttl: validationTtlSeconds,
      // Two certificates for one name ask for the same record.
      allowOverwrite: true,
    },
    { parent },
  );
  const validation = new CertificateValidation(id, { certificateArn: certificate.arn, validationRecordFqdns: [record.fqdn] }, { parent });
  return validation.certificateArn;
};
