import { i as profileOf, r as workloadHealthPath, t as agentHealthPath } from "./workload.mjs";
import * as pulumi from "@pulumi/pulumi";
// infra/template/local/local-resources.ts
/** The resources that infra/engine/local-provider realises, as the template sees them. Package `lapidary`. */
var Secret = class extends pulumi.CustomResource {
	constructor(name, args, options) {
		super("lapidary:local:Secret", name, {
			...args,
			value: void 0,
			sha256: void 0
		}, {
			...options,
			additionalSecretOutputs: ["value"]
		});
	}
};
var Port = class extends pulumi.CustomResource {
	constructor(name, args, options) {
		super("lapidary:local:Port", name, {
			...args,
			port: void 0
		}, options);
	}
};
var Database = class extends pulumi.CustomResource {
	constructor(name, args, options) {
		super("lapidary:local:Database", name, {
			...args,
			url: void 0
		}, {
			...options,
			additionalSecretOutputs: ["url"]
		});
	}
};
var Process = class extends pulumi.CustomResource {
	constructor(name, args, options) {
		super("lapidary:local:Process", name, {
			...args,
			digest: void 0
		}, options);
	}
};
// infra/template/local/compute.ts
/** 256 bits: not to be guessed however long it lives. */
const tokenBytes = 32;
/** The workload and, in front of it, the stamp agent. */
var LocalCompute = class extends pulumi.ComponentResource {
	agentTokenSha256;
	constructor(args, options) {
		super("lapidary:stamp:Compute", `${args.spec.name}-compute`, {}, options);
		const token = new Secret(`${args.spec.name}-agent-token`, { bytes: tokenBytes }, { parent: this });
		const storefront = this.storefront(args);
		this.agent(args, token, storefront);
		this.agentTokenSha256 = token.sha256;
		this.registerOutputs();
	}
	storefront({ spec, network, data }) {
		const name = `${spec.name}-storefront`;
		return new Process(name, {
			name,
			script: "apps/storefront/dist/main.js",
			args: [],
			env: {
				LAPIDARY_STAMP: spec.name,
				LAPIDARY_HTTP_PORT: network.workloadPort,
				LAPIDARY_DATABASE_URL: data.databaseUrl,
				LAPIDARY_WORKLOAD_VERSION: spec.workload.version,
				NODE_OPTIONS: heapOption(spec)
			},
			readyUrl: pulumi.interpolate`${network.workloadUrl}${workloadHealthPath}`,
			ownFiles: []
		}, { parent: this });
	}
	/** Ready means that it answers, not that it has registered: the control plane learns the token's digest only afterwards. */
	agent({ spec, local, natsPassword, network }, token, storefront) {
		const name = `${spec.name}-agent`;
		const holdingsFile = `${local.processDir}/${name}.holdings.json`;
		return new Process(name, {
			name,
			script: "apps/stamp-agent/dist/main.js",
			args: [],
			env: {
				LAPIDARY_STAMP: spec.name,
				LAPIDARY_REGION: spec.region,
				LAPIDARY_AGENT_TOKEN: token.value,
				LAPIDARY_HTTP_PORT: network.frontDoorPort,
				LAPIDARY_WORKLOAD_URL: network.workloadUrl,
				LAPIDARY_NATS_URL: local.natsUrl,
				LAPIDARY_NATS_USER: local.natsUser,
				LAPIDARY_NATS_PASSWORD: natsPassword,
				LAPIDARY_HOLDINGS_FILE: holdingsFile,
				NODE_OPTIONS: heapOption(spec)
			},
			readyUrl: pulumi.interpolate`${network.frontDoorUrl}${agentHealthPath}`,
			ownFiles: [holdingsFile]
		}, {
			parent: this,
			dependsOn: [storefront]
		});
	}
};
const heapOption = (spec) => `--max-old-space-size=${profileOf[spec.profile].local.heapMb}`;
// infra/template/local/data.ts
/** 256 bits: not to be guessed however long it lives. */
const passwordBytes = 32;
/** The stamp's own database and role on the region's Postgres. */
var LocalData = class extends pulumi.ComponentResource {
	databaseUrl;
	name;
	constructor({ spec, local }, options) {
		super("lapidary:stamp:Data", `${spec.name}-data`, {}, options);
		const password = new Secret(`${spec.name}-database-password`, { bytes: passwordBytes }, { parent: this });
		const sqlName = `stamp_${spec.name.replaceAll("-", "_")}`;
		const database = new Database(`${spec.name}-database`, {
			name: sqlName,
			role: sqlName,
			password: password.value,
			connectionLimit: profileOf[spec.profile].local.databaseConnections,
			server: local.postgresServer
		}, { parent: this });
		this.name = sqlName;
		this.databaseUrl = database.url;
		this.registerOutputs();
	}
};
// infra/template/local/network.ts
/** The stamp's two ports on the loopback interface: the front door, and the workload behind it. */
var LocalNetwork = class extends pulumi.ComponentResource {
	frontDoorPort;
	frontDoorUrl;
	workloadPort;
	workloadUrl;
	constructor(stamp, options) {
		super("lapidary:stamp:Network", `${stamp}-network`, {}, options);
		const frontDoor = new Port(`${stamp}-front-door`, { purpose: "front door" }, { parent: this });
		const workload = new Port(`${stamp}-workload`, { purpose: "workload" }, { parent: this });
		this.frontDoorPort = pulumi.interpolate`${frontDoor.port}`;
		this.frontDoorUrl = pulumi.interpolate`http://127.0.0.1:${frontDoor.port}`;
		this.workloadPort = pulumi.interpolate`${workload.port}`;
		this.workloadUrl = pulumi.interpolate`http://127.0.0.1:${workload.port}`;
		this.registerOutputs();
	}
};
// infra/template/local/local-stamp.ts
/** A stamp on this machine: real database, real processes, real ports. */
var LocalStamp = class extends pulumi.ComponentResource {
	outputs;
	constructor(inputs, options) {
		super("lapidary:stamp:Stamp", inputs.spec.name, {}, options);
		const { spec, local, natsPassword } = inputs;
		if (local === void 0 || natsPassword === void 0) throw new Error("the local target needs the facts of this machine");
		const network = new LocalNetwork(spec.name, { parent: this });
		const data = new LocalData({
			spec,
			local
		}, { parent: this });
		const compute = new LocalCompute({
			spec,
			local,
			natsPassword,
			network,
			data
		}, { parent: this });
		const links = {
			workload: network.workloadUrl,
			database: data.name
		};
		this.outputs = {
			frontDoor: network.frontDoorUrl,
			agentTokenSha256: compute.agentTokenSha256,
			links
		};
		this.registerOutputs(this.outputs);
	}
};
export { LocalStamp };
