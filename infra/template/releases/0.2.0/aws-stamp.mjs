import { i as profileOf, n as tenantHeader, t as agentHealthPath } from "./workload.mjs";
import { t as templateVersion } from "./template-version.mjs";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import { Cluster } from "@pulumi/aws/ecs/cluster.js";
import { HttpNamespace } from "@pulumi/aws/servicediscovery/httpNamespace.js";
import { Instance } from "@pulumi/aws/rds/instance.js";
import { ParameterGroup } from "@pulumi/aws/rds/parameterGroup.js";
import { SubnetGroup } from "@pulumi/aws/rds/subnetGroup.js";
import { getRandomPasswordOutput } from "@pulumi/aws/secretsmanager/getRandomPassword.js";
import { Secret } from "@pulumi/aws/secretsmanager/secret.js";
import { SecretVersion } from "@pulumi/aws/secretsmanager/secretVersion.js";
import { getParameterOutput } from "@pulumi/aws/ssm/getParameter.js";
import { SecurityGroup } from "@pulumi/aws/ec2/securityGroup.js";
import { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import { Service } from "@pulumi/aws/ecs/service.js";
import { TaskDefinition } from "@pulumi/aws/ecs/taskDefinition.js";
import { Policy } from "@pulumi/aws/appautoscaling/policy.js";
import { Target } from "@pulumi/aws/appautoscaling/target.js";
import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import { RolePolicyAttachment } from "@pulumi/aws/iam/rolePolicyAttachment.js";
import { ParameterGroup as ParameterGroup$1 } from "@pulumi/aws/elasticache/parameterGroup.js";
import { ReplicationGroup } from "@pulumi/aws/elasticache/replicationGroup.js";
import { SubnetGroup as SubnetGroup$1 } from "@pulumi/aws/elasticache/subnetGroup.js";
import { AccessPoint } from "@pulumi/aws/efs/accessPoint.js";
import { BackupPolicy } from "@pulumi/aws/efs/backupPolicy.js";
import { FileSystem } from "@pulumi/aws/efs/fileSystem.js";
import { MountTarget } from "@pulumi/aws/efs/mountTarget.js";
import { MetricAlarm } from "@pulumi/aws/cloudwatch/metricAlarm.js";
import { Listener } from "@pulumi/aws/lb/listener.js";
import { LoadBalancer } from "@pulumi/aws/lb/loadBalancer.js";
import { TargetGroup } from "@pulumi/aws/lb/targetGroup.js";
import { HealthCheck } from "@pulumi/aws/route53/healthCheck.js";
import { Record } from "@pulumi/aws/route53/record.js";
import { Certificate } from "@pulumi/aws/acm/certificate.js";
import { CertificateValidation } from "@pulumi/aws/acm/certificateValidation.js";
import { WebAcl } from "@pulumi/aws/wafv2/webAcl.js";
import { WebAclAssociation } from "@pulumi/aws/wafv2/webAclAssociation.js";
import { getCallerIdentityOutput } from "@pulumi/aws/getCallerIdentity.js";
import { Alias } from "@pulumi/aws/kms/alias.js";
import { Key } from "@pulumi/aws/kms/key.js";
import { DefaultSecurityGroup } from "@pulumi/aws/ec2/defaultSecurityGroup.js";
import { InternetGateway } from "@pulumi/aws/ec2/internetGateway.js";
import { RouteTable } from "@pulumi/aws/ec2/routeTable.js";
import { Vpc } from "@pulumi/aws/ec2/vpc.js";
import { VpcEndpoint } from "@pulumi/aws/ec2/vpcEndpoint.js";
import { FlowLog } from "@pulumi/aws/ec2/flowLog.js";
import { Eip } from "@pulumi/aws/ec2/eip.js";
import { NatGateway } from "@pulumi/aws/ec2/natGateway.js";
import { RouteTableAssociation } from "@pulumi/aws/ec2/routeTableAssociation.js";
import { Subnet } from "@pulumi/aws/ec2/subnet.js";
import { VpcAttachment } from "@pulumi/aws/ec2transitgateway/vpcAttachment.js";
import { Budget } from "@pulumi/aws/budgets/budget.js";
import { Dashboard } from "@pulumi/aws/cloudwatch/dashboard.js";
import { Provider } from "@pulumi/aws/provider.js";
// infra/policy/cost-classes.ts
/** Graviton families only: the same work for about a fifth less. */
const costClassOf = {
	small: {
		database: "medium",
		cache: "medium",
		families: ["t4g"],
		monthlyUsdMax: 600
	},
	medium: {
		database: "xlarge",
		cache: "large",
		families: ["t4g", "m7g"],
		monthlyUsdMax: 1500
	},
	large: {
		database: "4xlarge",
		cache: "2xlarge",
		families: [
			"t4g",
			"m7g",
			"r7g"
		],
		monthlyUsdMax: 3500
	}
};
// infra/template/aws/address-plan.ts
/**
* Who gets which private addresses. 10.0.0.0/8 is cut into 32 regions of 128 networks of 4,096 addresses each, so that no
* two networks of the fleet overlap and any of them can be joined. The list is append-only: an index is an address for good.
*/
const regions = [
	"eu-west-1",
	"us-east-1",
	"eu-central-1",
	"us-west-2",
	"eu-west-2",
	"eu-west-3",
	"eu-north-1",
	"eu-south-1",
	"us-east-2",
	"us-west-1",
	"ca-central-1",
	"sa-east-1",
	"ap-southeast-1",
	"ap-southeast-2",
	"ap-northeast-1",
	"ap-northeast-2",
	"ap-south-1",
	"ap-east-1",
	"af-south-1",
	"me-south-1",
	"me-central-1",
	"il-central-1",
	"eu-central-2",
	"eu-south-2",
	"ap-south-2",
	"ap-southeast-3"
];
const networksPerRegion = 128;
/** /20. */
const addressesPerNetwork = 4096;
/** The whole fleet's private addresses: routers and control planes come from in here, nobody else. */
const fleetCidr = "10.0.0.0/8";
const zones = [
	"a",
	"b",
	"c"
];
/** The addresses of stamp `<region>-<n>` in an AWS region. One region of the fleet per AWS region. */
const stampAddresses = (stamp, awsRegion) => {
	const number = Number(stamp.slice(stamp.lastIndexOf("-") + 1));
	if (number > 127) throw new Error(`${stamp}: the address plan has room for 127 stamps per region on AWS`);
	return network(awsRegion, number - 1);
};
const indexOf = (awsRegion) => {
	const index = regions.indexOf(awsRegion);
	if (index !== -1) return index;
	throw new Error(`the AWS region ${awsRegion} has no place in the address plan; add it at the end of infra/template/aws/address-plan.ts`);
};
const network = (awsRegion, index) => {
	const base = (indexOf(awsRegion) * networksPerRegion + index) * addressesPerNetwork;
	const at = (offset, bits) => cidr(base + offset, bits);
	return {
		vpc: at(0, 20),
		zones: {
			a: {
				private: at(0, 22),
				public: at(2048, 24),
				data: at(2560, 25)
			},
			b: {
				private: at(1024, 22),
				public: at(2304, 24),
				data: at(2688, 25)
			},
			c: {
				private: at(3072, 22),
				public: at(2944, 25),
				data: at(2816, 25)
			}
		}
	};
};
/** Offset within 10.0.0.0/8 as text. */
const cidr = (offset, bits) => `10.${offset >> 16}.${offset >> 8 & 255}.${offset & 255}/${bits}`;
// infra/policy/resource-types.ts
/** The types that more than one rule or table speaks of, by the names people use. */
const types = {
	accessPoint: "aws:efs/accessPoint:AccessPoint",
	cache: "aws:elasticache/replicationGroup:ReplicationGroup",
	database: "aws:rds/instance:Instance",
	databaseParameters: "aws:rds/parameterGroup:ParameterGroup",
	fileSystem: "aws:efs/fileSystem:FileSystem",
	fileSystemBackup: "aws:efs/backupPolicy:BackupPolicy",
	bucket: "aws:s3/bucket:Bucket",
	bucketBlock: "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
	bucketEncryption: "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
	bucketVersioning: "aws:s3/bucketVersioning:BucketVersioning",
	key: "aws:kms/key:Key",
	listener: "aws:lb/listener:Listener",
	loadBalancer: "aws:lb/loadBalancer:LoadBalancer",
	logGroup: "aws:cloudwatch/logGroup:LogGroup",
	provider: "pulumi:providers:aws",
	repository: "aws:ecr/repository:Repository",
	rolePolicy: "aws:iam/rolePolicy:RolePolicy",
	secret: "aws:secretsmanager/secret:Secret",
	secretVersion: "aws:secretsmanager/secretVersion:SecretVersion",
	securityGroup: "aws:ec2/securityGroup:SecurityGroup",
	subnet: "aws:ec2/subnet:Subnet",
	taskDefinition: "aws:ecs/taskDefinition:TaskDefinition",
	topic: "aws:sns/topic:Topic"
};
const daysOf = {
	[types.database]: "backupRetentionPeriod",
	[types.cache]: "snapshotRetentionLimit"
};
[...Object.keys(daysOf), types.fileSystemBackup];
// infra/template/aws/stack-owner.ts
const stampOwner = (spec) => ({
	kind: "stamp",
	name: spec.name,
	tags: {
		stamp: spec.name,
		region: spec.region,
		template: templateVersion,
		owner: "lapidary"
	}
});
/** `lapidary:stamp:Network`, `lapidary:region:Network`. */
const componentType = (owner, what) => `lapidary:${owner.kind}:${what}`;
/** `eu-2-network`: names are unique in a stack by type, and recognised in an account. */
const nameOf = (owner, what) => `${owner.name}-${what}`;
/** On everything that can carry tags: whose it is, what rendered it, who runs it. */
const tagged = (owner, what) => ({
	...owner.tags,
	Name: nameOf(owner, what)
});
// infra/template/aws/database.ts
/** Where the image keeps AWS's certificates for RDS (infra/docker/Dockerfile): Node trusts none of them by itself. */
const databaseCertificates = "/usr/share/rds/global-bundle.pem";
const postgresMajor = "17";
/** Statements that take longer stand in the log, for whoever asks what was slow yesterday. */
const slowStatementMs = 500;
/** Free of charge; a longer history is not. */
const insightDays = 7;
/** Static ones take effect at the next restart, which AWS does in the maintenance window or a person does by hand. */
const parameters = [
	{
		name: "rds.force_ssl",
		value: "1",
		applyMethod: "immediate"
	},
	{
		name: "rds.logical_replication",
		value: "1",
		applyMethod: "pending-reboot"
	},
	{
		name: "max_replication_slots",
		value: "20",
		applyMethod: "pending-reboot"
	},
	{
		name: "max_wal_senders",
		value: "20",
		applyMethod: "pending-reboot"
	},
	{
		name: "max_slot_wal_keep_size",
		value: "20480",
		applyMethod: "immediate"
	},
	{
		name: "log_min_duration_statement",
		value: String(slowStatementMs),
		applyMethod: "immediate"
	},
	{
		name: "idle_in_transaction_session_timeout",
		value: "60000",
		applyMethod: "immediate"
	}
];
/** PostgreSQL that replicates logically, takes TLS only, and makes, keeps and rotates its own password. */
const addDatabase = (args) => {
	const { owner, place, parent } = args;
	const id = nameOf(owner, "database");
	const tags = tagged(owner, "database");
	const own = { parent };
	const subnets = new SubnetGroup(id, {
		subnetIds: [...args.subnetIds],
		tags
	}, own);
	const group = new ParameterGroup(id, {
		family: `postgres${postgresMajor}`,
		parameters,
		tags
	}, own);
	return new Instance(id, {
		engine: "postgres",
		engineVersion: postgresMajor,
		instanceClass: args.size.databaseClass,
		storageType: "gp3",
		allocatedStorage: args.size.databaseGb,
		maxAllocatedStorage: args.size.databaseGbMax,
		dbName: args.databaseName,
		username: "lapidary",
		manageMasterUserPassword: true,
		masterUserSecretKmsKeyId: args.secretsKeyArn,
		storageEncrypted: true,
		kmsKeyId: args.dataKeyArn,
		multiAz: (place.environment ?? "production") === "production",
		publiclyAccessible: false,
		dbSubnetGroupName: subnets.name,
		parameterGroupName: group.name,
		vpcSecurityGroupIds: [args.securityGroupId],
		backupRetentionPeriod: 14,
		copyTagsToSnapshot: true,
		deletionProtection: !place.unprotected,
		skipFinalSnapshot: false,
		finalSnapshotIdentifier: `lapidary-${owner.name}-final`,
		autoMinorVersionUpgrade: true,
		enabledCloudwatchLogsExports: ["postgresql", "upgrade"],
		performanceInsightsEnabled: true,
		performanceInsightsKmsKeyId: args.dataKeyArn,
		performanceInsightsRetentionPeriod: insightDays,
		tags
	}, {
		parent,
		protect: !place.unprotected
	});
};
/** ARN of the secret in Secrets Manager in which RDS keeps user and password. */
const credentialsOf = (database) => database.masterUserSecrets.apply((secrets) => secrets?.[0]?.secretArn ?? "");
// infra/template/aws/formerly.ts
/**
* The URN that a resource had in an earlier version of the template, for `aliases`: without it a resource that is renamed or
* moved is deleted and made anew. `path`: types from the root component down to the resource itself.
*/
const formerly = (path, name) => `urn:pulumi:${pulumi.getStack()}::${pulumi.getProject()}::${path.join("$")}::${name}`;
// infra/template/aws/generated-secret.ts
/** 48 characters of 62: some 285 bits. */
const secretLength = 48;
/** A secret that is made once, kept in Secrets Manager, and never shown. */
var GeneratedSecret = class extends pulumi.ComponentResource {
	arn;
	/** Marked as a secret, for the few resources that can't take a reference. */
	value;
	constructor({ owner, place, what, keyArn }, options) {
		const id = nameOf(owner, what);
		super(componentType(owner, "GeneratedSecret"), id, {}, options);
		const tags = tagged(owner, what);
		const holder = new Secret(id, {
			name: `lapidary/${owner.name}/${what}`,
			kmsKeyId: keyArn,
			tags
		}, {
			parent: this,
			protect: !place.unprotected
		});
		const made = getRandomPasswordOutput({
			passwordLength: secretLength,
			excludePunctuation: true
		}, { parent: this });
		const version = new SecretVersion(id, {
			secretId: holder.id,
			secretString: pulumi.secret(pulumi.interpolate`s${made.randomPassword}`)
		}, {
			parent: this,
			ignoreChanges: ["secretString"],
			additionalSecretOutputs: ["secretString"]
		});
		this.arn = holder.arn;
		this.value = pulumi.secret(version.secretString.apply((text) => text ?? ""));
		this.registerOutputs();
	}
};
// infra/template/aws/region-parameters.ts
/**
* What a region's program tells its stamps: parameters in AWS Systems Manager, `/lapidary/<region>/<name>`. The regional program
* (infra/region) writes them, the template reads them, or has ECS put them into containers.
*/
const regionParameters = {
	natsUrl: "nats-url",
	agentNatsUser: "agent-nats-user",
	agentNatsPassword: "agent-nats-password",
	/** With user and password: where the stamps' own NATS servers attach as leaf nodes. */
	natsLeafUrl: "nats-leaf-url",
	/** Hosted zone and domain of the stamps' front doors. */
	zoneId: "zone-id",
	domain: "domain",
	/** Joins the networks of the region, and the regions. */
	transitGatewayId: "transit-gateway-id",
	/** Who is woken. */
	alarmTopicArn: "alarm-topic-arn"
};
const parameterName = (region, parameter) => `/lapidary/${region}/${regionParameters[parameter]}`;
/** Of the key that a region's secret parameters are under; infra/template/aws/keys.ts makes it. */
const secretsKeyAlias = (region) => `alias/lapidary-${region}-secrets`;
// infra/template/aws/region-facts.ts
/** ARN of a parameter that the region's program writes. */
const parameterArn = (awsRegion, accountId, region, parameter) => pulumi.interpolate`arn:aws:ssm:${awsRegion}:${accountId}:parameter${parameterName(region, parameter)}`;
/** Its value, for what has to be known while building. It is no secret: those go to containers by ECS, never through the program. */
const parameterValue = (region, parameter, parent) => pulumi.unsecret(getParameterOutput({ name: parameterName(region, parameter) }, { parent }).value);
// infra/template/aws/security-group.ts
const ports = {
	https: 443,
	agent: 8080,
	workload: 8081,
	postgres: 5432,
	valkey: 6379,
	/** NFS. */
	files: 2049,
	nats: 4222,
	/** Between the NATS servers of one cluster. */
	natsCluster: 6222
};
/** One security group; returns its id. */
const addGroup = (args) => {
	const { owner, vpcId, what, description } = args;
	const ingress = args.rules.map(({ from, to, source, why }) => ({
		protocol: "tcp",
		fromPort: from,
		toPort: to ?? from,
		...source,
		description: why
	}));
	return new SecurityGroup(nameOf(owner, what), {
		vpcId,
		description,
		ingress,
		egress: egressOf(args.egress),
		tags: tagged(owner, what)
	}, {
		parent: args.parent,
		aliases: args.aliases ?? []
	}).id;
};
const egressOf = (egress) => {
	if (egress === "nowhere") return [];
	if (egress === "anywhere") return [{
		protocol: "-1",
		fromPort: 0,
		toPort: 0,
		cidrBlocks: ["0.0.0.0/0"],
		description: "Registries, NATS, AWS"
	}];
	return [{
		protocol: "tcp",
		fromPort: egress.port,
		toPort: egress.port,
		cidrBlocks: [egress.cidr],
		description: egress.why
	}];
};
types.logGroup;
// infra/template/aws/autoscaling.ts
/** Leaves a zone's worth of room: of two zones either can carry what both did at this load for the minutes until it has grown. */
const cpuPercent = 55;
/** Out at once, in only when the quiet has lasted: a scale-in that comes too early costs the next peak. */
const scaleOutSeconds = 60;
const scaleInSeconds = 300;
/** Between `min` and `max` tasks, so that their processors are about half busy. */
const addScaling = (args) => {
	const { ground, what, scaling, parent } = args;
	const id = nameOf(ground.owner, what);
	const dimension = {
		scalableDimension: "ecs:service:DesiredCount",
		serviceNamespace: "ecs"
	};
	const target = new Target(id, {
		...dimension,
		resourceId: pulumi.interpolate`service/${ground.clusterName}/${args.service.name}`,
		minCapacity: scaling.min,
		maxCapacity: scaling.max,
		tags: tagged(ground.owner, what)
	}, { parent });
	new Policy(id, {
		...dimension,
		name: `${id}-cpu`,
		policyType: "TargetTrackingScaling",
		resourceId: target.resourceId,
		targetTrackingScalingPolicyConfiguration: {
			targetValue: cpuPercent,
			scaleInCooldown: scaleInSeconds,
			scaleOutCooldown: scaleOutSeconds,
			predefinedMetricSpecification: { predefinedMetricType: "ECSServiceAverageCPUUtilization" }
		}
	}, { parent });
};
// infra/template/aws/container.ts
/** The one place that is written to, besides mounted volumes: the root file system is read-only. */
const scratch = {
	name: "scratch",
	path: "/tmp"
};
const stopSecondsUsual = 30;
const containerDefinitions = (args, log) => pulumi.jsonStringify([{
	name: args.name,
	image: args.image,
	essential: true,
	readonlyRootFilesystem: true,
	linuxParameters: { initProcessEnabled: true },
	stopTimeout: args.stopSeconds ?? stopSecondsUsual,
	...args.entryPoint ? { entryPoint: args.entryPoint } : {},
	...args.command ? { command: args.command } : {},
	portMappings: args.ports.map(({ name, port, http }) => ({
		name,
		containerPort: port,
		...http ? { appProtocol: "http" } : {}
	})),
	environment: Object.entries(args.env).map(([name, value]) => ({
		name,
		value
	})),
	secrets: Object.entries(args.secrets).map(([name, valueFrom]) => ({
		name,
		valueFrom
	})),
	mountPoints: [scratch, ...args.volumes].map(({ name, path }) => ({
		sourceVolume: name,
		containerPath: path,
		readOnly: false
	})),
	logConfiguration: {
		logDriver: "awslogs",
		options: {
			"awslogs-group": log.group,
			"awslogs-region": log.region,
			"awslogs-stream-prefix": args.name,
			mode: "non-blocking"
		}
	}
}]);
const taskVolumes = (volumes) => [{ name: scratch.name }, ...volumes.map(({ name, fileSystemId, accessPointId }) => ({
	name,
	efsVolumeConfiguration: {
		fileSystemId,
		transitEncryption: "ENABLED",
		authorizationConfig: {
			accessPointId,
			iam: "ENABLED"
		}
	}
}))];
// infra/template/aws/service-roles.ts
const assumedBy = (service) => JSON.stringify({
	Version: "2012-10-17",
	Statement: [{
		Effect: "Allow",
		Principal: { Service: service },
		Action: "sts:AssumeRole"
	}]
});
const ecsTasks = "ecs-tasks.amazonaws.com";
const executionPolicy = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";
/**
* Two roles per service: the one with which ECS starts it (image, log, exactly its own secrets), and the one that the program
* has. No two services share one.
*/
const serviceRoles = (args) => {
	const { owner, what, parent } = args;
	const id = nameOf(owner, what);
	const tags = tagged(owner, what);
	const own = { parent };
	const execution = new Role(`${id}-execution`, {
		assumeRolePolicy: assumedBy(ecsTasks),
		tags
	}, own);
	new RolePolicyAttachment(`${id}-execution`, {
		role: execution.name,
		policyArn: executionPolicy
	}, own);
	const reading = readingStatements(args);
	if (reading.length > 0) new RolePolicy(`${id}-secrets`, {
		role: execution.id,
		policy: document(reading)
	}, own);
	const task = new Role(`${id}-task`, {
		assumeRolePolicy: assumedBy(ecsTasks),
		tags
	}, own);
	if (args.statements.length > 0) new RolePolicy(`${id}-task`, {
		role: task.id,
		policy: document(args.statements)
	}, own);
	return {
		execution: execution.arn,
		task: task.arn
	};
};
const readingStatements = ({ readable, secretsKeyArn }) => [
	...readable.secrets.length > 0 ? [{
		Action: ["secretsmanager:GetSecretValue"],
		Resource: readable.secrets
	}] : [],
	...readable.parameters.length > 0 ? [{
		Action: ["ssm:GetParameters"],
		Resource: readable.parameters
	}] : [],
	...readable.secrets.length > 0 ? [{
		Action: ["kms:Decrypt"],
		Resource: [secretsKeyArn]
	}] : [],
	...readable.parametersUnder === void 0 ? [] : [decryptUnder(readable.parametersUnder)]
];
const decryptUnder = (alias) => ({
	Action: ["kms:Decrypt"],
	Resource: ["arn:aws:kms:*:*:key/*"],
	Condition: { "ForAnyValue:StringEquals": { "kms:ResourceAliases": alias } }
});
const document = (statements) => pulumi.jsonStringify({
	Version: "2012-10-17",
	Statement: statements.map((s) => ({
		Effect: "Allow",
		...s
	}))
});
// infra/template/aws/service.ts
/** One Fargate service with its own roles and its own log, reached by others of its cluster by the names of its ports. */
var AwsService = class extends pulumi.ComponentResource {
	serviceName;
	logGroup;
	constructor(args, options) {
		const { ground, name, image, ports, count, env, secrets } = args;
		const { owner, place } = ground;
		const id = nameOf(owner, name);
		super(componentType(owner, "Service"), `${id}-service`, {
			image,
			ports: ports.map((p) => p.port),
			count,
			env,
			secrets
		}, options);
		const own = { parent: this };
		const tags = tagged(owner, name);
		this.logGroup = `/lapidary/${owner.name}/${name}`;
		const logs = new LogGroup(id, {
			name: this.logGroup,
			retentionInDays: 90,
			kmsKeyId: ground.logsKeyArn,
			tags
		}, own);
		const { secretsKeyArn } = ground;
		const roles = serviceRoles({
			owner,
			what: name,
			readable: args.readable,
			secretsKeyArn,
			statements: args.statements,
			parent: this
		});
		const definition = new TaskDefinition(id, {
			family: id,
			cpu: String(args.cpu),
			memory: String(args.memoryMb),
			networkMode: "awsvpc",
			requiresCompatibilities: ["FARGATE"],
			executionRoleArn: roles.execution,
			taskRoleArn: roles.task,
			volumes: taskVolumes(args.volumes),
			containerDefinitions: containerDefinitions(args, {
				group: logs.name,
				region: place.awsRegion
			}),
			tags
		}, own);
		const service = new Service(id, {
			...placementOf(args),
			taskDefinition: definition.arn,
			propagateTags: "SERVICE",
			enableEcsManagedTags: true,
			tags
		}, {
			parent: this,
			ignoreChanges: args.scaling === void 0 ? [] : ["desiredCount"]
		});
		this.serviceName = service.name;
		if (args.scaling !== void 0) addScaling({
			ground,
			what: name,
			service,
			scaling: args.scaling,
			parent: this
		});
		this.registerOutputs();
	}
};
const placementOf = (args) => ({
	cluster: args.ground.clusterArn,
	launchType: "FARGATE",
	desiredCount: args.count,
	deploymentMinimumHealthyPercent: args.single ? 0 : 100,
	deploymentMaximumPercent: args.single ? 100 : 200,
	deploymentCircuitBreaker: {
		enable: true,
		rollback: true
	},
	networkConfiguration: {
		subnets: [...args.ground.subnetIds],
		securityGroups: [...args.securityGroupIds],
		assignPublicIp: false
	},
	serviceConnectConfiguration: {
		enabled: true,
		namespace: args.ground.namespaceArn,
		services: args.ports.map(({ name, port }) => ({
			portName: name,
			discoveryName: name,
			clientAlias: [{
				port,
				dnsName: name
			}]
		}))
	},
	loadBalancers: args.targets.map(({ targetGroupArn, port }) => ({
		targetGroupArn,
		containerName: args.name,
		containerPort: port
	}))
});
// infra/template/aws/compute.ts
/** The ground that services run on: the cluster and its name space. The services come onto it by `run`, once there is data. */
var AwsCompute = class extends pulumi.ComponentResource {
	ground;
	constructor(args, options) {
		const { owner, place, network, keys } = args;
		super(componentType(owner, "Compute"), nameOf(owner, "compute"), {}, options);
		const own = { parent: this };
		const name = `lapidary-${owner.name}`;
		const cluster = new Cluster(nameOf(owner, "cluster"), {
			name,
			settings: [{
				name: "containerInsights",
				value: "enabled"
			}],
			tags: tagged(owner, "cluster")
		}, own);
		const namespace = new HttpNamespace(nameOf(owner, "services"), {
			name,
			tags: tagged(owner, "services")
		}, own);
		this.ground = {
			owner,
			place,
			clusterArn: cluster.arn,
			clusterName: name,
			namespaceArn: namespace.arn,
			subnetIds: network.privateSubnetIds,
			logsKeyArn: keys.logs,
			secretsKeyArn: keys.secrets
		};
		this.registerOutputs();
	}
};
/** The workload and, in front of it, the stamp agent. */
const runStampServices = (args) => {
	const { compute, keys } = args;
	const { owner, place } = compute.ground;
	const formerToken = formerly([
		"lapidary:stamp:Stamp",
		"lapidary:stamp:Compute",
		"lapidary:stamp:AgentToken"
	], nameOf(owner, "agent-token"));
	const token = new GeneratedSecret({
		owner,
		place,
		what: "agent-token",
		keyArn: keys.secrets
	}, {
		parent: compute,
		aliases: [formerToken]
	});
	const workload = new AwsService(workloadOf(args), { parent: compute });
	const agent = new AwsService(agentOf(args, token), {
		parent: compute,
		dependsOn: [
			workload,
			args.edge,
			...args.data.files.ready
		]
	});
	const sha256 = token.value.apply((text) => createHash("sha256").update(text).digest("hex"));
	return {
		agent,
		workload,
		agentTokenSha256: pulumi.unsecret(sha256)
	};
};
const image = ({ compute, keys }, repository, version) => pulumi.interpolate`${keys.accountId}.dkr.ecr.${compute.ground.place.awsRegion}.amazonaws.com/lapidary/${repository}:${version}`;
const workloadOf = (args) => {
	const { spec, size, data, messaging } = args;
	return {
		ground: args.compute.ground,
		name: "workload",
		image: image(args, "workload", spec.workload.version),
		ports: [{
			name: "workload",
			port: ports.workload,
			http: true
		}],
		cpu: size.workload.cpu,
		memoryMb: size.workload.memoryMb,
		count: size.workload.min,
		scaling: size.workload,
		single: false,
		env: {
			LAPIDARY_STAMP: spec.name,
			LAPIDARY_HTTP_HOST: "0.0.0.0",
			LAPIDARY_HTTP_PORT: String(ports.workload),
			LAPIDARY_WORKLOAD_VERSION: spec.workload.version,
			LAPIDARY_DATABASE_URL: pulumi.interpolate`postgres://lapidary@${data.endpoint}/${data.databaseName}?sslmode=require`,
			NODE_EXTRA_CA_CERTS: databaseCertificates,
			LAPIDARY_CACHE_URL: data.cache.url,
			LAPIDARY_STAMP_NATS_URL: messaging.url
		},
		secrets: {
			PGPASSWORD: pulumi.interpolate`${data.credentialsArn}:password::`,
			LAPIDARY_CACHE_PASSWORD: data.cache.passwordArn,
			LAPIDARY_STAMP_NATS_PASSWORD: messaging.passwordArn
		},
		readable: {
			secrets: [
				data.credentialsArn,
				data.cache.passwordArn,
				messaging.passwordArn
			],
			parameters: []
		},
		statements: [],
		volumes: [],
		securityGroupIds: [args.groups.services],
		targets: []
	};
};
const agentOf = (args, token) => {
	const { spec, size, keys, data } = args;
	const { place } = args.compute.ground;
	const parameter = (name) => parameterArn(place.awsRegion, keys.accountId, spec.region, name);
	const parameters = {
		LAPIDARY_NATS_URL: parameter("natsUrl"),
		LAPIDARY_NATS_USER: parameter("agentNatsUser"),
		LAPIDARY_NATS_PASSWORD: parameter("agentNatsPassword")
	};
	const volume = data.files.volume("agent", "/data");
	return {
		ground: args.compute.ground,
		name: "agent",
		image: image(args, "lapidary", templateVersion),
		command: [
			"node",
			"--enable-source-maps",
			"apps/stamp-agent/dist/main.js"
		],
		ports: [{
			name: "agent",
			port: ports.agent,
			http: true
		}],
		cpu: size.agent.cpu,
		memoryMb: size.agent.memoryMb,
		count: 1,
		single: true,
		env: {
			LAPIDARY_STAMP: spec.name,
			LAPIDARY_REGION: spec.region,
			LAPIDARY_HTTP_HOST: "0.0.0.0",
			LAPIDARY_HTTP_PORT: String(ports.agent),
			LAPIDARY_WORKLOAD_URL: `http://workload:${ports.workload}`,
			LAPIDARY_HOLDINGS_FILE: `${volume.path}/holdings.json`
		},
		secrets: {
			LAPIDARY_AGENT_TOKEN: token.arn,
			...parameters
		},
		readable: {
			secrets: [token.arn],
			parameters: Object.values(parameters),
			parametersUnder: secretsKeyAlias(spec.region)
		},
		statements: [data.files.mounting(volume)],
		volumes: [volume],
		securityGroupIds: [args.groups.services],
		targets: [{
			targetGroupArn: args.edge.targetGroupArn,
			port: ports.agent
		}]
	};
};
// infra/template/aws/cache.ts
const valkeyMajor = "8";
/** Valkey under TLS and a password, a primary and its replica in another zone. */
var AwsCache = class extends pulumi.ComponentResource {
	url;
	passwordArn;
	groupId;
	constructor(args, options) {
		const { owner, place } = args;
		super(componentType(owner, "Cache"), nameOf(owner, "cache"), {}, options);
		const own = { parent: this };
		const id = nameOf(owner, "cache");
		const tags = tagged(owner, "cache");
		const password = new GeneratedSecret({
			owner,
			place,
			what: "cache-password",
			keyArn: args.secretsKeyArn
		}, own);
		const subnets = new SubnetGroup$1(id, {
			name: `lapidary-${id}`,
			subnetIds: [...args.subnetIds],
			tags
		}, own);
		const group = new ParameterGroup$1(id, {
			name: `lapidary-${id}`,
			family: `valkey${valkeyMajor}`,
			parameters: [{
				name: "maxmemory-policy",
				value: "allkeys-lru"
			}],
			tags
		}, own);
		const several = args.size.cacheNodes > 1;
		this.groupId = `lapidary-${owner.name}`;
		const cache = new ReplicationGroup(id, {
			replicationGroupId: this.groupId,
			description: `Cache of ${owner.kind} ${owner.name}`,
			engine: "valkey",
			engineVersion: `${valkeyMajor}.0`,
			nodeType: args.size.cacheNode,
			numCacheClusters: args.size.cacheNodes,
			automaticFailoverEnabled: several,
			multiAzEnabled: several,
			port: ports.valkey,
			subnetGroupName: subnets.name,
			parameterGroupName: group.name,
			securityGroupIds: [args.securityGroupId],
			atRestEncryptionEnabled: true,
			kmsKeyId: args.dataKeyArn,
			transitEncryptionEnabled: true,
			authToken: password.value,
			snapshotRetentionLimit: 14,
			finalSnapshotIdentifier: `lapidary-${owner.name}-cache-final`,
			applyImmediately: false,
			autoMinorVersionUpgrade: true,
			tags
		}, {
			parent: this,
			protect: !place.unprotected,
			additionalSecretOutputs: ["authToken"]
		});
		this.url = pulumi.interpolate`rediss://${cache.primaryEndpointAddress}:${ports.valkey}`;
		this.passwordArn = password.arn;
		this.registerOutputs();
	}
};
// infra/template/aws/files.ts
/** `node` in our image; the NATS image runs as root and is mapped to it. */
const userId = 1e3;
/** What outlives a task: JetStream's files, and the agent's copy of what it holds. One directory each, none sees another's. */
var AwsFiles = class extends pulumi.ComponentResource {
	args;
	fileSystemId;
	arn;
	/** A task that starts before there is a way to its files fails. */
	ready;
	constructor(args, options) {
		super(componentType(args.owner, "Files"), nameOf(args.owner, "files"), {}, options);
		this.args = args;
		const { owner, place } = args;
		const id = nameOf(owner, "files");
		const system = new FileSystem(id, {
			encrypted: true,
			kmsKeyId: args.keyArn,
			throughputMode: "elastic",
			tags: tagged(owner, "files")
		}, {
			parent: this,
			protect: !place.unprotected
		});
		new BackupPolicy(id, {
			fileSystemId: system.id,
			backupPolicy: { status: "ENABLED" }
		}, { parent: this });
		this.ready = args.subnetIds.map((subnetId, i) => new MountTarget(nameOf(owner, `files-${i + 1}`), {
			fileSystemId: system.id,
			subnetId,
			securityGroups: [args.securityGroupId]
		}, { parent: this }));
		this.fileSystemId = system.id;
		this.arn = system.arn;
		this.registerOutputs();
	}
	/** A directory of its own for one container, mounted at `path`. */
	volume(what, path) {
		const { owner } = this.args;
		const point = new AccessPoint(nameOf(owner, what), {
			fileSystemId: this.fileSystemId,
			posixUser: {
				uid: userId,
				gid: userId
			},
			rootDirectory: {
				path: `/${what}`,
				creationInfo: {
					ownerUid: userId,
					ownerGid: userId,
					permissions: "0700"
				}
			},
			tags: tagged(owner, what)
		}, { parent: this });
		return {
			name: "data",
			path,
			fileSystemId: this.fileSystemId,
			accessPointId: point.id
		};
	}
	/** What a task needs to mount that directory, and no other. */
	mounting(volume) {
		const point = pulumi.interpolate`${this.arn.apply((arn) => arn.replace(/:file-system\/.*$/, ""))}:access-point/${volume.accessPointId}`;
		return {
			Action: ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
			Resource: [this.arn],
			Condition: { StringEquals: { "elasticfilesystem:AccessPointArn": point } }
		};
	}
};
// infra/template/aws/data.ts
/** What holds data: database, cache, files. All protected: no change of the template deletes or replaces one by the way. */
var AwsData = class extends pulumi.ComponentResource {
	endpoint;
	identifier;
	credentialsArn;
	databaseName = "workload";
	cache;
	files;
	constructor({ owner, place, size, network, groups, keys }, options) {
		super(componentType(owner, "Data"), nameOf(owner, "data"), {}, options);
		const own = { parent: this };
		const common = {
			owner,
			place,
			size,
			subnetIds: network.dataSubnetIds,
			dataKeyArn: keys.data,
			secretsKeyArn: keys.secrets
		};
		const database = addDatabase({
			...common,
			databaseName: this.databaseName,
			securityGroupId: groups.database,
			parent: this
		});
		this.cache = new AwsCache({
			...common,
			securityGroupId: groups.cache
		}, own);
		this.files = new AwsFiles({
			...common,
			keyArn: keys.data,
			securityGroupId: groups.files
		}, own);
		this.endpoint = database.endpoint;
		this.identifier = database.identifier;
		this.credentialsArn = credentialsOf(database);
		this.registerOutputs();
	}
};
// infra/template/aws/certificate.ts
/** What ACM asks for is the same on every renewal; a minute is enough where it changes. */
const validationTtlSeconds = 60;
/** A certificate that ACM renews by itself, for as long as its record stands in the zone. Returns the ARN once it is issued. */
const addCertificate = (args) => {
	const { owner, what, parent } = args;
	const id = nameOf(owner, what);
	const certificate = new Certificate(id, {
		domainName: args.domainName,
		validationMethod: "DNS",
		tags: tagged(owner, what)
	}, { parent });
	const asked = certificate.domainValidationOptions.apply((options) => options[0]);
	const record = new Record(`${id}-validation`, {
		zoneId: args.zoneId,
		name: asked.resourceRecordName,
		type: asked.resourceRecordType,
		records: [asked.resourceRecordValue],
		ttl: validationTtlSeconds,
		allowOverwrite: true
	}, { parent });
	return new CertificateValidation(id, {
		certificateArn: certificate.arn,
		validationRecordFqdns: [record.fqdn]
	}, { parent }).certificateArn;
};
// infra/template/aws/firewall.ts
const metric = (metricName) => ({
	cloudwatchMetricsEnabled: true,
	sampledRequestsEnabled: true,
	metricName
});
const countedBy = {
	tenant: {
		aggregateKeyType: "CUSTOM_KEYS",
		customKeys: [{ header: {
			name: tenantHeader,
			textTransformations: [{
				priority: 0,
				type: "NONE"
			}]
		} }]
	},
	address: { aggregateKeyType: "IP" }
};
/**
* A wall before or behind the routers: known attacks, and a limit that nothing well-behaved reaches.
* AWS's common rule set is left out on purpose: it refuses bodies above 8 kB, which workloads may well send.
*/
const addFirewall = (args) => {
	const { owner, parent, by = "tenant" } = args;
	const id = nameOf(owner, "firewall");
	const acl = new WebAcl(id, {
		scope: "REGIONAL",
		description: `Front door of ${owner.kind} ${owner.name}`,
		defaultAction: { allow: {} },
		visibilityConfig: metric(`${owner.name}-firewall`),
		rules: [{
			name: "known-bad-inputs",
			priority: 1,
			overrideAction: { none: {} },
			statement: { managedRuleGroupStatement: {
				vendorName: "AWS",
				name: "AWSManagedRulesKnownBadInputsRuleSet"
			} },
			visibilityConfig: metric(`${owner.name}-known-bad-inputs`)
		}, {
			name: `rate-per-${by}`,
			priority: 2,
			action: { block: {} },
			statement: { rateBasedStatement: {
				limit: args.requestsMax,
				...countedBy[by]
			} },
			visibilityConfig: metric(`${owner.name}-rate-per-${by}`)
		}],
		tags: tagged(owner, "firewall")
	}, { parent });
	new WebAclAssociation(id, {
		resourceArn: args.loadBalancerArn,
		webAclArn: acl.arn
	}, { parent });
};
// infra/template/aws/edge.ts
/** TLS 1.2 and 1.3 with forward secrecy only. */
const tlsPolicy = "ELBSecurityPolicy-TLS13-1-2-2021-06";
/** Longer than the router keeps an idle connection, so that it is the router who closes (no race on reuse). */
const idleTimeoutSeconds = 120;
/** As long as the router waits for an answer. */
const deregistrationSeconds = 30;
/** All of a stamp's share: the record is one of one, and goes away when the health check says so. */
const wholeWeight = 100;
/**
* The stamp's front door: an internal load balancer before the agent, under TLS, with a name, a health check and a firewall. It
* has no public address on purpose: tenants' headers are believed because only routers can send them (I4).
*/
var AwsEdge = class extends pulumi.ComponentResource {
	url;
	targetGroupArn;
	/** As CloudWatch's metrics name them. */
	balancerDimension;
	targetDimension;
	constructor(args, options) {
		const { owner, network, groups } = args;
		const former = formerly([
			"lapidary:stamp:Stamp",
			"lapidary:stamp:Compute",
			"lapidary:stamp:FrontDoor"
		], nameOf(owner, "front-door"));
		super(componentType(owner, "Edge"), nameOf(owner, "edge"), {}, {
			...options,
			aliases: [former]
		});
		const own = { parent: this };
		const id = nameOf(owner, "front-door");
		const tags = tagged(owner, "front-door");
		const name = pulumi.interpolate`${owner.name}.${args.domain}`;
		const balancer = new LoadBalancer(id, {
			name: `lapidary-${owner.name}`,
			internal: true,
			loadBalancerType: "application",
			subnets: [...network.privateSubnetIds],
			securityGroups: [groups.frontDoor],
			idleTimeout: idleTimeoutSeconds,
			dropInvalidHeaderFields: true,
			enableDeletionProtection: !args.place.unprotected,
			tags
		}, own);
		const targets = this.targets(args);
		const certificateArn = addCertificate({
			owner,
			what: "front-door",
			domainName: name,
			zoneId: args.zoneId,
			parent: this
		});
		new Listener(id, {
			loadBalancerArn: balancer.arn,
			port: ports.https,
			protocol: "HTTPS",
			sslPolicy: tlsPolicy,
			certificateArn,
			defaultActions: [{
				type: "forward",
				targetGroupArn: targets.arn
			}],
			tags
		}, own);
		addFirewall({
			owner,
			loadBalancerArn: balancer.arn,
			requestsMax: args.size.tenantRequestsPerFiveMinutes,
			parent: this
		});
		this.name(args, name, balancer, targets);
		this.url = pulumi.interpolate`https://${name}`;
		this.targetGroupArn = targets.arn;
		this.balancerDimension = balancer.arnSuffix;
		this.targetDimension = targets.arnSuffix;
		this.registerOutputs();
	}
	targets({ owner, network }) {
		return new TargetGroup(nameOf(owner, "agent"), {
			port: ports.agent,
			protocol: "HTTP",
			targetType: "ip",
			vpcId: network.vpcId,
			deregistrationDelay: deregistrationSeconds,
			healthCheck: {
				path: agentHealthPath,
				interval: 5,
				timeout: 2,
				healthyThreshold: 2,
				unhealthyThreshold: 2
			},
			tags: tagged(owner, "front-door")
		}, { parent: this });
	}
	/** A private address can't be probed from outside: the health check follows an alarm on what the load balancer sees. */
	name(args, name, balancer, targets) {
		const { owner, place } = args;
		const own = { parent: this };
		const alarm = new MetricAlarm(nameOf(owner, "front-door-down"), {
			name: `lapidary-${owner.name}-front-door-down`,
			alarmDescription: `No healthy agent behind the front door of ${owner.name}. Runbook: stamp_unavailable`,
			namespace: "AWS/ApplicationELB",
			metricName: "HealthyHostCount",
			dimensions: {
				LoadBalancer: balancer.arnSuffix,
				TargetGroup: targets.arnSuffix
			},
			statistic: "Maximum",
			period: 60,
			evaluationPeriods: 2,
			comparisonOperator: "LessThanThreshold",
			threshold: 1,
			treatMissingData: "breaching",
			alarmActions: [args.alarmTopicArn],
			okActions: [args.alarmTopicArn],
			tags: tagged(owner, "front-door-down")
		}, own);
		const health = new HealthCheck(nameOf(owner, "front-door"), {
			type: "CLOUDWATCH_METRIC",
			cloudwatchAlarmName: alarm.name,
			cloudwatchAlarmRegion: place.awsRegion,
			insufficientDataHealthStatus: "LastKnownStatus",
			tags: tagged(owner, "front-door")
		}, own);
		new Record(nameOf(owner, "front-door"), {
			zoneId: args.zoneId,
			name,
			type: "A",
			aliases: [{
				name: balancer.dnsName,
				zoneId: balancer.zoneId,
				evaluateTargetHealth: true
			}],
			setIdentifier: owner.name,
			weightedRoutingPolicies: [{ weight: wholeWeight }],
			healthCheckId: health.id
		}, own);
	}
};
// infra/template/aws/groups.ts
/** Who may talk to whom in a stamp, in one place. Only the front door is reached from outside of it, and only from the fleet. */
var AwsGroups = class extends pulumi.ComponentResource {
	args;
	frontDoor;
	services;
	messaging;
	database;
	cache;
	files;
	constructor(args, options) {
		super(componentType(args.owner, "Groups"), nameOf(args.owner, "groups"), {}, options);
		this.args = args;
		const name = args.owner.name;
		const from = (...securityGroups) => ({ securityGroups });
		this.frontDoor = this.group("front-door", `Front door of stamp ${name}`, [{
			from: ports.https,
			source: { cidrBlocks: [fleetCidr] },
			why: "Routers"
		}], {
			port: ports.agent,
			cidr: fleetCidr,
			why: "The agent"
		}, ["lapidary:stamp:Compute", "lapidary:stamp:FrontDoor"]);
		this.services = this.group("services", `Agent and workload of stamp ${name}`, [{
			from: ports.agent,
			source: from(this.frontDoor),
			why: "Front door"
		}, {
			from: ports.agent,
			to: ports.workload,
			source: { self: true },
			why: "Each other"
		}], "anywhere", ["lapidary:stamp:Compute"]);
		this.messaging = this.group("messaging", `NATS of stamp ${name}`, [{
			from: ports.nats,
			source: from(this.services),
			why: "Workload"
		}, {
			from: ports.natsCluster,
			source: { self: true },
			why: "Each other"
		}], "anywhere");
		this.database = this.group("database", `Database of stamp ${name}`, [{
			from: ports.postgres,
			source: from(this.services),
			why: "Workload"
		}], "nowhere", ["lapidary:stamp:Data"]);
		const workload = [{
			from: ports.valkey,
			source: from(this.services),
			why: "Workload"
		}];
		this.cache = this.group("cache", `Cache of stamp ${name}`, workload, "nowhere");
		const mounts = [{
			from: ports.files,
			source: from(this.services, this.messaging),
			why: "Agent and NATS"
		}];
		this.files = this.group("files", `Files of stamp ${name}`, mounts, "nowhere");
		this.registerOutputs();
	}
	group(what, description, rules, egress, formerParents) {
		const { owner, vpcId } = this.args;
		const type = "aws:ec2/securityGroup:SecurityGroup";
		const aliases = formerParents === void 0 ? [] : [formerly([
			"lapidary:stamp:Stamp",
			...formerParents,
			type
		], nameOf(owner, what))];
		return addGroup({
			owner,
			vpcId,
			what,
			description,
			rules,
			egress,
			aliases,
			parent: this
		});
	}
};
// infra/policy/rules/deletion-protection.ts
const flagOf = {
	[types.database]: "deletionProtection",
	[types.loadBalancer]: "enableDeletionProtection"
};
[...Object.keys(flagOf), types.key];
// infra/template/aws/keys.ts
/** One key per purpose: who may read logs may not therefore read data, and each use shows in CloudTrail under its own key. */
var AwsKeys = class extends pulumi.ComponentResource {
	args;
	accountId;
	data;
	logs;
	secrets;
	constructor(args, options) {
		super(componentType(args.owner, "Keys"), nameOf(args.owner, "keys"), {}, options);
		this.args = args;
		this.accountId = getCallerIdentityOutput({}, { parent: this }).accountId;
		const { owner, place } = args;
		const whose = `${owner.kind} ${owner.name}`;
		const first = [formerly([
			"lapidary:stamp:Stamp",
			"lapidary:stamp:Data",
			"aws:kms/key:Key"
		], `${owner.name}-key`)];
		const firstAlias = [formerly([
			"lapidary:stamp:Stamp",
			"lapidary:stamp:Data",
			"aws:kms/alias:Alias"
		], `${owner.name}-key`)];
		this.data = this.key("key", "", `Data of ${whose}`, void 0, first, firstAlias);
		this.logs = this.key("logs-key", "-logs", `Logs and alarms of ${whose}`, this.logsPolicy(place.awsRegion));
		this.secrets = this.key("secrets-key", "-secrets", `Secrets of ${whose}`);
		this.registerOutputs();
	}
	key(what, suffix, description, policy, aliases = [], aliasAliases = []) {
		const { owner, place } = this.args;
		const id = nameOf(owner, what);
		const key = new Key(id, {
			description,
			enableKeyRotation: true,
			deletionWindowInDays: 30,
			policy,
			tags: tagged(owner, what)
		}, {
			parent: this,
			protect: !place.unprotected,
			retainOnDelete: true,
			aliases
		});
		new Alias(id, {
			name: `alias/lapidary-${owner.name}${suffix}`,
			targetKeyId: key.keyId
		}, {
			parent: this,
			aliases: aliasAliases
		});
		return key.arn;
	}
	/** CloudWatch encrypts logs, and alarms publish to an encrypted topic, only where the key's own policy lets them. */
	logsPolicy(awsRegion) {
		return pulumi.jsonStringify({
			Version: "2012-10-17",
			Statement: [
				{
					Effect: "Allow",
					Principal: { AWS: pulumi.interpolate`arn:aws:iam::${this.accountId}:root` },
					Action: "kms:*",
					Resource: "*"
				},
				{
					Effect: "Allow",
					Principal: { Service: `logs.${awsRegion}.amazonaws.com` },
					Action: [
						"kms:Encrypt",
						"kms:Decrypt",
						"kms:ReEncrypt*",
						"kms:GenerateDataKey*",
						"kms:DescribeKey"
					],
					Resource: "*",
					Condition: { ArnLike: { "kms:EncryptionContext:aws:logs:arn": pulumi.interpolate`arn:aws:logs:${awsRegion}:${this.accountId}:*` } }
				},
				{
					Effect: "Allow",
					Principal: { Service: ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"] },
					Action: ["kms:Decrypt", "kms:GenerateDataKey*"],
					Resource: "*",
					Condition: { StringEquals: { "aws:SourceAccount": this.accountId } }
				}
			]
		});
	}
};
// infra/template/aws/nats.ts
/** The same server as docker-compose.yml runs; alpine for its shell, which writes the configuration. */
const natsMonitorPort = 8222;
const natsImage = "public.ecr.aws/docker/library/nats:2.10-alpine";
/** JetStream flushes and hands over its leaderships in this time. */
const drainSeconds = 60;
/** `nats-1`: name of a server, of its service and of its directory. */
const natsNames = (count) => Array.from({ length: count }, (_, i) => `nats-${i + 1}`);
/**
* One or three NATS servers with JetStream. Each is a service of one task with its own directory, for a server must find its
* own files again; three keep a stream on each of two others (R3).
*/
const natsServers = (args, parent) => {
	const names = natsNames(args.count);
	return names.map((name) => {
		const volume = args.files.volume(name, "/data");
		return new AwsService({
			ground: args.ground,
			name,
			image: natsImage,
			ports: [
				{
					name,
					port: ports.nats,
					http: false
				},
				...names.length > 1 ? [{
					name: `${name}-cluster`,
					port: ports.natsCluster,
					http: false
				}] : [],
				...args.extraPorts.map((p) => ({
					...p,
					name: `${name}-${p.name}`
				}))
			],
			cpu: args.cpu,
			memoryMb: args.memoryMb,
			count: 1,
			single: true,
			entryPoint: ["sh", "-c"],
			command: ["printf \"%s\" \"$NATS_CONFIG\" > /tmp/nats.conf && exec nats-server -c /tmp/nats.conf"],
			stopSeconds: drainSeconds,
			env: { NATS_CONFIG: natsConfigOf(args.config, args.ground.owner, name, names) },
			secrets: args.secrets,
			readable: args.readable,
			statements: [args.files.mounting(volume)],
			volumes: [volume],
			securityGroupIds: [args.securityGroupId],
			targets: args.targets
		}, {
			parent,
			dependsOn: [...args.files.ready]
		});
	});
};
const natsConfigOf = (config, owner, name, names) => [
	`server_name: ${owner.name}-${name}`,
	`listen: 0.0.0.0:${ports.nats}`,
	`http: 0.0.0.0:${natsMonitorPort}`,
	"max_payload: 4MB",
	...config,
	...names.length === 1 ? [] : [`cluster { name: ${owner.name}, listen: 0.0.0.0:${ports.natsCluster}, routes: [${names.map((n) => `nats-route://${n}-cluster:${ports.natsCluster}`).join(", ")}] }`],
	""
].join("\n");
// infra/template/aws/messaging.ts
/**
* The stamp's own NATS with JetStream, attached to its region's as a leaf node: what the workload publishes within the stamp
* stays and works when the region is gone. A JetStream domain of its own keeps its streams apart from everybody else's.
*/
var AwsMessaging = class extends pulumi.ComponentResource {
	url;
	passwordArn;
	services;
	constructor(args, options) {
		const { ground, size } = args;
		const { owner, place } = ground;
		super(componentType(owner, "Messaging"), nameOf(owner, "messaging"), {}, options);
		const password = new GeneratedSecret({
			owner,
			place,
			what: "nats-password",
			keyArn: ground.secretsKeyArn
		}, { parent: this });
		const leafUrl = parameterArn(place.awsRegion, args.accountId, args.region, "natsLeafUrl");
		this.services = natsServers({
			ground,
			files: args.files,
			count: size.natsServers,
			cpu: size.nats.cpu,
			memoryMb: size.nats.memoryMb,
			securityGroupId: args.securityGroupId,
			config: leafConfig(owner.name, size.nats.storageGb),
			secrets: {
				NATS_PASSWORD: password.arn,
				NATS_HUB_URL: leafUrl
			},
			readable: {
				secrets: [password.arn],
				parameters: [leafUrl],
				parametersUnder: secretsKeyAlias(args.region)
			},
			targets: [],
			extraPorts: []
		}, this);
		this.url = natsNames(size.natsServers).map((name) => `nats://${name}:${ports.nats}`).join(",");
		this.passwordArn = password.arn;
		this.registerOutputs();
	}
};
/** Only what stands below `regional.` leaves a stamp; the region allows its leaf nodes nothing else (region-messaging.ts). */
const leafConfig = (stamp, storageGb) => [
	`jetstream { store_dir: "/data", domain: ${stamp}, max_file_store: ${storageGb}GB, max_memory_store: 64MB }`,
	"authorization { user: workload, password: $NATS_PASSWORD }",
	"leafnodes { reconnect: 2, remotes: [ { url: $NATS_HUB_URL } ] }"
];
// infra/template/aws/endpoints.ts
/** What a task needs before its first line runs: image, log, secrets. */
const interfaceServices = [
	"ecr.api",
	"ecr.dkr",
	"logs",
	"secretsmanager"
];
const httpsPort = 443;
/** AWS's own services by private ways. S3 (where ECR keeps its layers) costs nothing and is always there. */
const addEndpoints = (args) => {
	const { owner, vpcId, parent } = args;
	const service = (name) => `com.amazonaws.${args.place.awsRegion}.${name}`;
	new VpcEndpoint(nameOf(owner, "s3"), {
		vpcId,
		serviceName: service("s3"),
		vpcEndpointType: "Gateway",
		routeTableIds: [...args.routeTableIds],
		tags: tagged(owner, "s3")
	}, { parent });
	if (!args.interfaceEndpoints) return;
	const ingress = [{
		protocol: "tcp",
		fromPort: httpsPort,
		toPort: httpsPort,
		cidrBlocks: [args.addresses.vpc],
		description: "The network itself"
	}];
	const group = new SecurityGroup(nameOf(owner, "endpoints"), {
		vpcId,
		description: `Endpoints of AWS services of ${owner.name}`,
		ingress,
		egress: [],
		tags: tagged(owner, "endpoints")
	}, { parent });
	for (const name of interfaceServices) {
		const what = name.replace(".", "-");
		new VpcEndpoint(nameOf(owner, what), {
			vpcId,
			serviceName: service(name),
			vpcEndpointType: "Interface",
			privateDnsEnabled: true,
			subnetIds: [...args.subnetIds],
			securityGroupIds: [group.id],
			tags: tagged(owner, what)
		}, { parent });
	}
};
// infra/template/aws/flow-logs.ts
/** What was refused at the network's doors, for investigations. All traffic would be the largest log of the stack. */
const addFlowLogs = (args) => {
	const { owner, parent } = args;
	const id = nameOf(owner, "flow");
	const tags = tagged(owner, "flow");
	const group = new LogGroup(id, {
		name: `/lapidary/${owner.name}/flow`,
		retentionInDays: 90,
		kmsKeyId: args.logsKeyArn,
		tags
	}, { parent });
	const role = new Role(id, {
		assumeRolePolicy: assumedBy("vpc-flow-logs.amazonaws.com"),
		tags
	}, { parent });
	const statement = {
		Effect: "Allow",
		Action: [
			"logs:CreateLogStream",
			"logs:PutLogEvents",
			"logs:DescribeLogStreams"
		],
		Resource: [group.arn, pulumi.interpolate`${group.arn}:*`]
	};
	new RolePolicy(id, {
		role: role.id,
		policy: pulumi.jsonStringify({
			Version: "2012-10-17",
			Statement: [statement]
		})
	}, { parent });
	new FlowLog(id, {
		vpcId: args.vpcId,
		trafficType: "REJECT",
		logDestination: group.arn,
		iamRoleArn: role.arn,
		maxAggregationInterval: 60,
		tags
	}, { parent });
};
// infra/template/aws/network-zone.ts
const tiers = [
	"public",
	"private",
	"data"
];
const addSubnets = (zone) => {
	const at = {
		vpcId: zone.vpcId,
		availabilityZone: `${zone.awsRegion}${zone.zone}`
	};
	const subnet = (tier) => {
		const what = `${tier}-${zone.zone}`;
		const args = {
			...at,
			cidrBlock: zone.addresses[tier],
			tags: tagged(zone.owner, what)
		};
		return new Subnet(nameOf(zone.owner, what), args, { parent: zone.parent }).id;
	};
	return {
		zone: zone.zone,
		public: subnet("public"),
		private: subnet("private"),
		data: subnet("data")
	};
};
/** A way out to the internet, in the zone's public subnet. Returns the gateway's id. */
const addNat = (owner, subnets, parent) => {
	const what = `nat-${subnets.zone}`;
	const address = new Eip(nameOf(owner, what), {
		domain: "vpc",
		tags: tagged(owner, what)
	}, { parent });
	const args = {
		subnetId: subnets.public,
		allocationId: address.id,
		tags: tagged(owner, what)
	};
	return new NatGateway(nameOf(owner, what), args, { parent }).id;
};
const joinTier = (owner, subnets, tables, parent) => {
	for (const tier of tiers) {
		const args = {
			subnetId: subnets[tier],
			routeTableId: tables[tier]
		};
		new RouteTableAssociation(nameOf(owner, `${tier}-${subnets.zone}`), args, { parent });
	}
};
// infra/template/aws/transit.ts
/** Joins a network to the region's transit gateway: routers reach stamps, and agents reach NATS, by private addresses only. */
const attachToFleet = (args) => new VpcAttachment(nameOf(args.owner, "fleet"), {
	transitGatewayId: args.transitGatewayId,
	vpcId: args.vpcId,
	subnetIds: [...args.subnetIds],
	tags: tagged(args.owner, "fleet")
}, { parent: args.parent });
/** A network's own addresses are nearer than this: the more exact route wins. */
const routeToFleet = (transitGatewayId) => ({
	cidrBlock: fleetCidr,
	transitGatewayId
});
// infra/template/aws/network.ts
const everywhere = "0.0.0.0/0";
/** A network of its own with three tiers: public for NAT, private for what runs, data for what holds data. */
var AwsNetwork = class extends pulumi.ComponentResource {
	vpcId;
	cidr;
	publicSubnetIds;
	privateSubnetIds;
	dataSubnetIds;
	/** What is reached from other networks needs it first. */
	attachment;
	constructor(args, options) {
		const { owner, addresses } = args;
		super(componentType(owner, "Network"), nameOf(owner, "network"), {}, options);
		const own = { parent: this };
		const vpc = new Vpc(nameOf(owner, "vpc"), {
			cidrBlock: addresses.vpc,
			enableDnsHostnames: true,
			enableDnsSupport: true,
			tags: tagged(owner, "vpc")
		}, own);
		new DefaultSecurityGroup(nameOf(owner, "default"), {
			vpcId: vpc.id,
			ingress: [],
			egress: [],
			tags: tagged(owner, "default")
		}, own);
		const subnets = zones.slice(0, args.zoneCount).map((zone) => addSubnets({
			owner,
			vpcId: vpc.id,
			zone,
			awsRegion: args.place.awsRegion,
			addresses: addresses.zones[zone],
			parent: this
		}));
		this.attachment = attachToFleet({
			...args,
			vpcId: vpc.id,
			subnetIds: subnets.map((s) => s.private),
			parent: this
		});
		const tables = this.routes(args, vpc.id, subnets);
		addEndpoints({
			...args,
			vpcId: vpc.id,
			routeTableIds: tables,
			subnetIds: subnets.map((s) => s.private),
			parent: this
		});
		addFlowLogs({
			owner,
			vpcId: vpc.id,
			logsKeyArn: args.logsKeyArn,
			parent: this
		});
		this.vpcId = vpc.id;
		this.cidr = addresses.vpc;
		this.publicSubnetIds = subnets.map((s) => s.public);
		this.privateSubnetIds = subnets.map((s) => s.private);
		this.dataSubnetIds = subnets.map((s) => s.data);
		this.registerOutputs();
	}
	/** Returns the tables of the tiers that use AWS services. */
	routes(args, vpcId, subnets) {
		const { owner } = args;
		const after = {
			parent: this,
			dependsOn: [this.attachment]
		};
		const fleet = routeToFleet(args.transitGatewayId);
		const gateway = new InternetGateway(nameOf(owner, "gateway"), {
			vpcId,
			tags: tagged(owner, "gateway")
		}, { parent: this });
		const table = (what, routes) => new RouteTable(nameOf(owner, what), {
			vpcId,
			routes,
			tags: tagged(owner, what)
		}, after);
		const outer = table("public", [{
			cidrBlock: everywhere,
			gatewayId: gateway.id
		}, fleet]);
		const data = table("data", []);
		const nats = subnets.slice(0, args.natPerZone ? subnets.length : 1).map((s) => addNat(owner, s, this));
		const inner = subnets.map((s, i) => {
			const nat = nats[i] ?? nats[0];
			return table(`private-${s.zone}`, [{
				cidrBlock: everywhere,
				natGatewayId: nat
			}, fleet]);
		});
		for (const [i, s] of subnets.entries()) joinTier(owner, s, {
			public: outer.id,
			private: inner[i].id,
			data: data.id
		}, this);
		return [...inner.map((t) => t.id), data.id];
	}
};
// infra/template/aws/alarms.ts
const addAlarms = (owner, alarms, topicArn, parent) => alarms.map((alarm) => new MetricAlarm(nameOf(owner, alarm.what), {
	name: `lapidary-${owner.name}-${alarm.what}`,
	alarmDescription: alarm.means,
	namespace: alarm.namespace,
	metricName: alarm.metric,
	dimensions: { ...alarm.dimensions },
	...alarm.statistic.startsWith("p") ? { extendedStatistic: alarm.statistic } : { statistic: alarm.statistic },
	period: 60,
	evaluationPeriods: alarm.minutes,
	datapointsToAlarm: alarm.minutes,
	comparisonOperator: alarm.when === "above" ? "GreaterThanThreshold" : "LessThanThreshold",
	threshold: alarm.threshold,
	treatMissingData: alarm.silence,
	alarmActions: [topicArn],
	okActions: [topicArn],
	tags: tagged(owner, alarm.what)
}, { parent }));
// infra/template/aws/observability.ts
/** Six of 24 columns of a dashboard. */
const widget = {
	width: 6,
	height: 6
};
const columns = 4;
/** What is watched, who is told, what it may cost. Logs belong to the services that write them. */
var AwsObservability = class extends pulumi.ComponentResource {
	dashboardUrl;
	constructor(args, options) {
		const { owner, place } = args;
		super(componentType(owner, "Observability"), nameOf(owner, "observability"), {}, options);
		addAlarms(owner, args.alarms, args.alarmTopicArn, this);
		const name = `lapidary-${owner.name}`;
		new Dashboard(nameOf(owner, "dashboard"), {
			dashboardName: name,
			dashboardBody: dashboardOf(args)
		}, { parent: this });
		const tag = owner.kind === "stamp" ? "stamp" : "region";
		const notification = (type, percent) => ({
			comparisonOperator: "GREATER_THAN",
			threshold: percent,
			thresholdType: "PERCENTAGE",
			notificationType: type,
			subscriberSnsTopicArns: [args.alarmTopicArn]
		});
		new Budget(nameOf(owner, "budget"), {
			name,
			budgetType: "COST",
			timeUnit: "MONTHLY",
			limitAmount: String(args.monthlyUsdMax),
			limitUnit: "USD",
			costFilters: [{
				name: "TagKeyValue",
				values: [`user:${tag}$${owner.name}`]
			}],
			notifications: [notification("ACTUAL", 80), notification("FORECASTED", 100)],
			tags: tagged(owner, "budget")
		}, { parent: this });
		this.dashboardUrl = `https://${place.awsRegion}.console.aws.amazon.com/cloudwatch/home#dashboards:name=${name}`;
		this.registerOutputs();
	}
};
/** One graph per alarm, with its threshold drawn in: what wakes people is what they then look at. */
const dashboardOf = ({ alarms, place }) => pulumi.jsonStringify({ widgets: alarms.map((alarm, i) => ({
	type: "metric",
	x: i % columns * widget.width,
	y: Math.floor(i / columns) * widget.height,
	...widget,
	properties: {
		title: alarm.what,
		region: place.awsRegion,
		stat: alarm.statistic,
		period: 60,
		metrics: [[
			alarm.namespace,
			alarm.metric,
			...Object.entries(alarm.dimensions).flat()
		]],
		annotations: { horizontal: [{
			label: "alarm",
			value: alarm.threshold
		}] }
	}
})) });
// infra/template/aws/own-provider.ts
/** A provider of the stack's own, so that one process can work on many regions and accounts at once. */
const ownProvider = (owner, place, parent) => new Provider(nameOf(owner, "aws"), {
	region: place.awsRegion,
	...place.awsRoleArn === void 0 ? {} : { assumeRoles: [{
		roleArn: place.awsRoleArn,
		sessionName: `lapidary-${owner.name}`
	}] },
	defaultTags: { tags: { ...owner.tags } }
}, { parent });
// infra/template/aws/stamp-alarms.ts
const gib = 1024 ** 3;
/** p95 of the storefront is far below; a person notices from about here (Nielsen: one second keeps the flow of thought). */
const slowSeconds = 1;
const errorsPerMinuteMax = 20;
/** What wakes people. Each says what it means and where to read on. */
const stampAlarms = (w) => {
	const door = {
		namespace: "AWS/ApplicationELB",
		dimensions: {
			LoadBalancer: w.balancer,
			TargetGroup: w.targets
		}
	};
	const quiet = { silence: "notBreaching" };
	return [
		{
			...door,
			...quiet,
			what: "errors",
			means: "The workload answers with errors. Runbook: stamp_unavailable",
			metric: "HTTPCode_Target_5XX_Count",
			statistic: "Sum",
			when: "above",
			threshold: errorsPerMinuteMax,
			minutes: 3
		},
		{
			...door,
			...quiet,
			what: "slow",
			means: "One request in twenty takes longer than a second. Runbook: stamp_unavailable",
			metric: "TargetResponseTime",
			statistic: "p95",
			when: "above",
			threshold: slowSeconds,
			minutes: 5
		},
		...downAlarms(w.clusterName, w.serviceLabels, w.services),
		...databaseAlarms(w.databaseId, {
			storageGb: w.size.databaseGb,
			connectionsMax: w.size.databaseConnectionsMax
		}),
		...w.cacheNodeIds.map((id) => ({
			...quiet,
			namespace: "AWS/ElastiCache",
			dimensions: { CacheClusterId: id },
			what: `cache-memory-${id.at(-1)}`,
			means: "The cache is nearly full and forgets what is still asked for",
			metric: "DatabaseMemoryUsagePercentage",
			statistic: "Maximum",
			when: "above",
			threshold: 90,
			minutes: 15
		})),
		{
			...quiet,
			namespace: "AWS/EFS",
			dimensions: { FileSystemId: w.fileSystemId },
			what: "files-io",
			means: "The files are at the limit of what they can do: JetStream will be slow",
			metric: "PercentIOLimit",
			statistic: "Maximum",
			when: "above",
			threshold: 90,
			minutes: 15
		}
	];
};
/** No task of a service runs. */
const downAlarms = (clusterName, labels, services) => services.map((service, i) => ({
	namespace: "ECS/ContainerInsights",
	dimensions: {
		ClusterName: clusterName,
		ServiceName: service.serviceName
	},
	what: `${labels[i]}-down`,
	means: `No task of ${labels[i]} runs. Runbook: stamp_unavailable`,
	metric: "RunningTaskCount",
	statistic: "Minimum",
	when: "below",
	threshold: 1,
	minutes: 3,
	silence: "breaching"
}));
const databaseAlarms = (id, limits) => {
	const database = {
		namespace: "AWS/RDS",
		dimensions: { DBInstanceIdentifier: id }
	};
	return [
		{
			...database,
			silence: "notBreaching",
			what: "database-cpu",
			means: "The database is busy for a quarter of an hour: slow statements, or a stamp that is too full",
			metric: "CPUUtilization",
			statistic: "Average",
			when: "above",
			threshold: 85,
			minutes: 15
		},
		{
			...database,
			silence: "notBreaching",
			what: "database-storage",
			means: "A tenth of the first storage is left. It grows by itself up to the profile’s limit: is the limit reached?",
			metric: "FreeStorageSpace",
			statistic: "Minimum",
			when: "below",
			threshold: limits.storageGb * gib / 10,
			minutes: 5
		},
		{
			...database,
			silence: "notBreaching",
			what: "database-connections",
			means: "More connections than the pools of this profile open: a leak, or pools that are too large",
			metric: "DatabaseConnections",
			statistic: "Maximum",
			when: "above",
			threshold: limits.connectionsMax,
			minutes: 5
		},
		{
			...database,
			silence: "notBreaching",
			what: "replication-slot",
			means: "A consumer of logical replication has stopped reading: a move of a tenant hangs",
			metric: "OldestReplicationSlotLag",
			statistic: "Maximum",
			when: "above",
			threshold: 5 * gib,
			minutes: 10
		}
	];
};
// infra/template/aws/aws-stamp.ts
/** A stamp in AWS. */
var AwsStamp = class extends pulumi.ComponentResource {
	outputs;
	constructor({ spec, region, unprotected }, options) {
		super("lapidary:stamp:Stamp", spec.name, {}, options);
		const owner = stampOwner(spec);
		const place = {
			...region,
			unprotected: unprotected ?? false
		};
		const size = profileOf[spec.profile].aws;
		const child = {
			parent: this,
			providers: { aws: ownProvider(owner, place, this) }
		};
		const keys = new AwsKeys({
			owner,
			place
		}, child);
		const of = (parameter) => parameterValue(spec.region, parameter, keys);
		const network = new AwsNetwork({
			owner,
			place,
			...size.network,
			addresses: stampAddresses(spec.name, region.awsRegion),
			logsKeyArn: keys.logs,
			transitGatewayId: of("transitGatewayId")
		}, child);
		const groups = new AwsGroups({
			owner,
			vpcId: network.vpcId
		}, child);
		const data = new AwsData({
			owner,
			place,
			size,
			network,
			groups,
			keys
		}, child);
		const alarmTopicArn = of("alarmTopicArn");
		const edge = new AwsEdge({
			owner,
			place,
			size,
			network,
			groups,
			zoneId: of("zoneId"),
			domain: of("domain"),
			alarmTopicArn
		}, child);
		const compute = new AwsCompute({
			owner,
			place,
			network,
			keys
		}, child);
		const { ground } = compute;
		const messaging = new AwsMessaging({
			ground,
			region: spec.region,
			accountId: keys.accountId,
			size,
			files: data.files,
			securityGroupId: groups.messaging
		}, child);
		const services = runStampServices({
			spec,
			size,
			compute,
			keys,
			groups,
			data,
			messaging,
			edge
		});
		const alarms = stampAlarms({
			balancer: edge.balancerDimension,
			targets: edge.targetDimension,
			clusterName: ground.clusterName,
			services: [
				services.agent,
				services.workload,
				...messaging.services
			],
			serviceLabels: [
				"agent",
				"workload",
				...messaging.services.map((_, i) => `nats-${i + 1}`)
			],
			databaseId: data.identifier,
			cacheNodeIds: Array.from({ length: size.cacheNodes }, (_, i) => `${data.cache.groupId}-00${i + 1}`),
			fileSystemId: data.files.fileSystemId,
			size
		});
		const monthlyUsdMax = costClassOf[spec.profile].monthlyUsdMax;
		const watch = new AwsObservability({
			owner,
			place,
			alarms,
			alarmTopicArn,
			monthlyUsdMax
		}, child);
		this.outputs = {
			frontDoor: edge.url,
			agentTokenSha256: services.agentTokenSha256,
			links: {
				dashboard: watch.dashboardUrl,
				databaseCredentials: data.credentialsArn,
				nats: messaging.url,
				logs: `/lapidary/${spec.name}/`
			}
		};
		this.registerOutputs(this.outputs);
	}
};
export { AwsStamp };
