import { t as templateVersion } from "./template-version.mjs";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { createHash } from "node:crypto";
import { configure } from "safe-stable-stringify";
// libs/kernel/src/names.ts
const dnsLabelPattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const regionNamePattern = /^[a-z](?:[a-z0-9]|-(?=[a-z]))*$/;
/** `<region>-<n>`, n from 1 to 9999. */
const stampNamePattern = /^([a-z](?:[a-z0-9]|-(?=[a-z]))*)-([1-9][0-9]{0,3})$/;
const jobIdPattern = /^([a-z](?:[a-z0-9]|-(?=[a-z]))*)\.([0-9A-HJKMNP-TV-Z]{26})$/;
// libs/contracts/src/api/common.ts
const RegionNameSchema = z.string().max(20).regex(regionNamePattern, "a region name is lower-case letters and digits, starting with a letter").meta({
	description: "Region name",
	example: "eu"
});
const StampNameSchema = z.string().max(63).regex(stampNamePattern, "a stamp name is <region>-<number>, like eu-2").meta({
	description: "Stamp name, <region>-<n>",
	example: "eu-2"
});
z.string().max(63, `a tenant id has at most 63 characters`).regex(dnsLabelPattern, "a tenant id is a DNS label: lower-case letters, digits and inner hyphens").meta({
	description: "Tenant id, a DNS label",
	example: "acme"
});
z.string().regex(jobIdPattern, "a job id is <region>.<ULID>").meta({ description: "Job id, <region>.<ULID>" });
const LabelsSchema = z.record(z.string().min(1).max(128), z.string().max(128)).refine((labels) => Object.keys(labels).length <= 32, `at most 32 labels`).meta({ description: "Labels, string to string" });
const TimeSchema = z.iso.datetime({ offset: true }).meta({ description: "RFC 3339 time" });
const PageQuerySchema = z.object({
	limit: z.coerce.number().int().min(1).max(500).default(100).meta({ description: "How many items at most" }),
	cursor: z.string().max(512).optional().meta({ description: "\"next\" of the page before" })
});
const pageOf = (item) => z.object({
	items: z.array(item),
	next: z.string().nullable().meta({ description: "Cursor of the next page, null at the end" })
});
z.object({
	type: z.string().meta({ description: "URI of the runbook for this code" }),
	title: z.string(),
	status: z.number().int(),
	detail: z.string(),
	code: z.string().meta({ description: "Code from the error catalogue" }),
	check: z.string().meta({ description: "What to look at" }),
	retry: z.boolean().meta({ description: "Whether the same request may succeed later" }),
	requestId: z.string().optional(),
	fields: z.array(z.object({
		path: z.string(),
		message: z.string()
	})).optional(),
	details: z.record(z.string(), z.unknown()).optional()
}).meta({ id: "Problem" });
// libs/contracts/src/api/stamps.ts
const stampStatuses = [
	"provisioning",
	"active",
	"failed",
	"retiring",
	"retired"
];
const rings = [
	"canary",
	"early",
	"broad"
];
const isolations = ["pooled", "dedicated"];
const stampHealths = [
	"unknown",
	"healthy",
	"suspected",
	"dead"
];
const CapacitySchema = z.object({ units: z.number().int().min(1, "a stamp has at least 1 unit of capacity").max(1e6) });
pageOf(z.object({
	name: StampNameSchema,
	region: RegionNameSchema,
	status: z.enum(stampStatuses),
	cordoned: z.boolean().meta({ description: "No new tenants are placed here" }),
	cordonReason: z.string().nullable(),
	heldBy: z.string().nullish().meta({ description: "Roll-out that changes it now; no new tenants are placed here meanwhile" }),
	health: z.enum(stampHealths),
	lastHeartbeatAt: z.string().nullable(),
	ring: z.enum(rings),
	profile: z.string(),
	isolation: z.enum(isolations),
	driver: z.string().meta({ description: "What realises it: local, aws" }),
	templateVersion: z.string().nullable(),
	workloadVersion: z.string().nullable(),
	capacity: z.object({ units: z.number().int() }),
	used: z.object({ units: z.number().int() }),
	reserved: z.object({ units: z.number().int() }),
	tenants: z.number().int(),
	epoch: z.number().int().meta({ description: "Grows each time a new agent process registers for the stamp" }),
	frontDoors: z.array(z.string()).meta({ description: "Base URLs that the router forwards to" }),
	labels: LabelsSchema,
	specDigest: z.string().nullable(),
	version: z.number().int(),
	createdAt: TimeSchema,
	updatedAt: TimeSchema
}).meta({ id: "Stamp" })).meta({ id: "StampPage" });
PageQuerySchema.extend({
	region: RegionNameSchema.optional(),
	status: z.enum(stampStatuses).optional()
});
z.strictObject({
	capacity: CapacitySchema.optional(),
	ring: z.enum(rings).optional(),
	profile: z.string().min(1).max(40).optional(),
	isolation: z.enum(isolations).optional(),
	labels: LabelsSchema.optional(),
	workload: z.strictObject({ version: z.string().min(1).max(100) }).optional().meta({ description: "Version for this once; else the last roll-out’s, the file’s, or the default" }),
	approveReplace: z.array(z.string().min(1).max(200)).max(50).optional().meta({ description: "Names of resources with data that may be replaced or deleted this once" }),
	reason: z.string().max(500).optional()
}).meta({ id: "ProvisionRequest" });
z.strictObject({ reason: z.string().min(1).max(500) }).meta({ id: "CordonRequest" });
z.strictObject({ reason: z.string().max(500).optional() }).meta({ id: "UncordonRequest" });
const specFields = {
	driver: z.enum(["local", "aws"]).meta({ description: "What realises the stamp: \"local\" on this machine, \"aws\" in the cloud" }),
	profile: z.enum([
		"small",
		"medium",
		"large"
	]).meta({ description: "Size profile" }),
	ring: z.enum(rings).meta({ description: "Roll-out ring" }),
	isolation: z.enum(isolations).meta({ description: "\"dedicated\" takes one tenant only" }),
	capacity: CapacitySchema.meta({ description: "Units of tenants’ weight it can hold" }),
	workload: z.strictObject({ version: z.string().min(1).max(100) }).meta({ description: "Version of the workload it runs" }),
	labels: LabelsSchema
};
z.strictObject(specFields).meta({
	id: "StampDefaults",
	title: "stamps/defaults.yaml"
});
z.strictObject({
	name: StampNameSchema,
	region: RegionNameSchema,
	driver: specFields.driver.optional(),
	profile: specFields.profile.optional(),
	ring: specFields.ring.optional(),
	isolation: specFields.isolation.optional(),
	capacity: specFields.capacity.optional(),
	workload: specFields.workload.optional(),
	labels: specFields.labels.optional()
}).refine((s) => s.name.startsWith(`${s.region}-`), {
	path: ["name"],
	message: "the name must be <region>-<number> of its own region"
}).meta({
	id: "StampFile",
	title: "stamps/<name>.yaml"
});
/** A complete spec: what the template renders. */
const StampSpecSchema = z.strictObject({
	name: StampNameSchema,
	region: RegionNameSchema,
	...specFields
}).meta({ id: "StampSpec" });
/** "test" may stand in one zone; everything else is asked of both. */
const environments = ["production", "test"];
/** Facts of a region that the template renders for and the policies judge by; from stamps/regions.yaml. */
const RegionFactsSchema = z.object({
	jurisdiction: z.string(),
	awsRegion: z.string(),
	awsRoleArn: z.string().optional(),
	environment: z.enum(environments).optional()
});
/** When a region gets another stamp by itself (P-ST3). What each figure does: docs/flows/capacity.md. */
const CapacityPolicySchema = z.strictObject({
	mode: z.enum([
		"off",
		"suggest",
		"act"
	]).default("off").meta({ description: "\"suggest\" tells what to run, \"act\" runs it" }),
	headroomPercent: z.number().min(0).max(90).default(20).meta({ description: "Free share of the units of pooled stamps below which another one is due" }),
	leadTimeFactor: z.number().min(1).max(1e3).default(3).meta({ description: "One is due too when the region will be full within this many times as long as building takes" }),
	windowDays: z.number().min(.01).max(90).default(7).meta({ description: "Days of placements that the forecast is made from" }),
	stampsMax: z.number().int().min(1).max(9999).default(10).meta({ description: "Stamps of the region, retired ones not counted" }),
	monthlyCostUsdMax: z.number().positive().optional().meta({ description: "Estimated monthly cost of all its stamps; none: no limit" }),
	cooldownMinutes: z.number().min(0).max(1440).default(10).meta({ description: "Pause after a build before the forecast may ask for another" })
});
z.strictObject({ regions: z.record(RegionNameSchema, z.strictObject({
	displayName: z.string().min(1).max(80),
	jurisdiction: z.string().regex(/^[a-z][a-z0-9-]*$/).max(63).meta({ description: "Whose law applies; tenants’ residency may name it" }),
	location: z.strictObject({
		latitude: z.number().min(-90).max(90),
		longitude: z.number().min(-180).max(180)
	}),
	capacityPolicy: CapacityPolicySchema.optional().meta({ description: "When it gets another stamp by itself; left out: never" }),
	aws: z.strictObject({
		region: z.string().min(1).max(40),
		roleArn: z.string().regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/.+$/).optional().meta({ description: "Role that is assumed to build there; without it the control plane’s own" }),
		environment: z.enum(environments).optional().meta({ description: "What the policies take it for; \"production\" if left out" })
	}).meta({ description: "Where and as whom the aws driver builds" })
})) }).refine((f) => Object.keys(f.regions).length > 0, {
	path: ["regions"],
	message: "at least one region"
}).meta({
	id: "RegionsFile",
	title: "stamps/regions.yaml"
});
// infra/template/stamp-inputs.ts
/** What only the local target needs, without its secrets. */
const LocalFactsSchema = z.object({
	/** `host:port` of the region's Postgres. */
	postgresServer: z.string(),
	natsUrl: z.string(),
	natsUser: z.string(),
	processDir: z.string()
});
/** Keys of the stack's config, in the project's name space. Values are JSON but for the password. */
const configKeys = {
	spec: "spec",
	region: "region",
	local: "local",
	natsPassword: "natsPassword",
	unprotected: "unprotected"
};
/** The same for the forked child and for the real CLI: everything the program needs stands in the stack's config. */
const readStampInputs = (config) => ({
	spec: StampSpecSchema.parse(config.requireObject(configKeys.spec)),
	region: RegionFactsSchema.parse(config.requireObject(configKeys.region)),
	local: LocalFactsSchema.optional().parse(config.getObject(configKeys.local)),
	natsPassword: config.getSecret(configKeys.natsPassword),
	unprotected: config.getBoolean(configKeys.unprotected) ?? false
});
// infra/template/stamp-template.ts
/** Project of all stamps' stacks; the stack has the stamp's name. Equal to the name in infra/Pulumi.yaml. */
const projectName = "lapidary-stamp";
// libs/kernel/src/canonical-json.ts
const stringify = configure({
	deterministic: true,
	bigint: false,
	strict: true
});
/** JSON with sorted keys: equal values give equal text. Refuses what JSON can't hold (cycles, functions, NaN). */
const canonicalJson = (value) => {
	const text = stringify(value);
	if (text === void 0) throw new TypeError("only JSON values have a canonical form");
	return text;
};
/** sha256 of the canonical JSON, in hex. */
const digestOf = (value) => createHash("sha256").update(canonicalJson(value)).digest("hex");
// infra/template/graph-recorder.ts
/** Stands for whatever is known only at run time: ids, ports, secrets. */
const atRunTime = "<at run time>";
/**
* Writes down what the template renders: types, names and inputs, without anything that is made at run time. Two stamps
* with equal digests (after their names) were rendered alike; a stamp whose digest differs from its template's is a
* snowflake (P-ST4).
*/
var GraphRecorder = class {
	nodes = [];
	/** A Pulumi transformation, given to the root component: the SDK calls it for the root and everything below. */
	transformation = ({ type, name, props }) => {
		this.nodes.push({
			type,
			name,
			inputs: frozen(props)
		});
	};
	digest() {
		return digestOf(this.nodes.toSorted((a, b) => compare(`${a.type} ${a.name}`, `${b.type} ${b.name}`)));
	}
};
const compare = (a, b) => a < b ? -1 : a > b ? 1 : 0;
const frozen = (value) => {
	if (pulumi.Output.isInstance(value) || value instanceof Promise) return atRunTime;
	if (pulumi.Resource.isInstance(value)) return atRunTime;
	if (Array.isArray(value)) return value.map(frozen);
	if (typeof value !== "object" || value === null) return value ?? null;
	const entries = Object.entries(value).flatMap(([key, item]) => item === void 0 ? [] : [[key, frozen(item)]]);
	return Object.fromEntries(entries);
};
// infra/template/stamp.ts
/**
* The one template (P-ST4): from spec and facts to a tree of resources, a tree of the same parts for every
* target. Reads nothing but its arguments, so equal arguments render equal graphs.
*/
const renderStamp = async (inputs) => {
	const recorder = new GraphRecorder();
	const options = { transformations: [recorder.transformation] };
	const target = await renderTarget(inputs, options);
	return {
		frontDoors: [target.outputs.frontDoor],
		agentTokenSha256: target.outputs.agentTokenSha256,
		templateVersion,
		graphDigest: recorder.digest(),
		links: pulumi.all(target.outputs.links)
	};
};
/** Each target's code is loaded only when it is wanted: @pulumi/aws costs half a second and 20 MB. */
const renderTarget = async (inputs, options) => {
	switch (inputs.spec.driver) {
		case "aws": return new (await (import("./aws-stamp.mjs"))).AwsStamp(inputs, options);
		case "local": return new (await (import("./local-stamp.mjs"))).LocalStamp(inputs, options);
	}
};
// infra/template/release-entry.ts
/** What a release of the template holds (tools/release-template.ts), and how it is asked: `Template` in infra/engine/templates.ts. */
const version = templateVersion;
const render = renderStamp;
/** The Pulumi program: everything it needs stands in the stack's config. */
const program = () => renderStamp(readStampInputs(new pulumi.Config(projectName)));
export { program, render, version };
