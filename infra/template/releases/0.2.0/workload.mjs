// infra/template/profiles.ts
const profileOf = {
	small: {
		local: {
			heapMb: 128,
			databaseConnections: 20
		},
		aws: {
			network: {
				zoneCount: 2,
				natPerZone: false,
				interfaceEndpoints: false
			},
			databaseClass: "db.t4g.medium",
			databaseGb: 50,
			databaseGbMax: 200,
			databaseConnectionsMax: 150,
			cacheNode: "cache.t4g.small",
			cacheNodes: 2,
			natsServers: 1,
			nats: {
				cpu: 256,
				memoryMb: 512,
				storageGb: 5
			},
			agent: {
				cpu: 256,
				memoryMb: 512
			},
			workload: {
				cpu: 512,
				memoryMb: 1024,
				min: 2,
				max: 6
			},
			tenantRequestsPerFiveMinutes: 6e4
		}
	},
	medium: {
		local: {
			heapMb: 256,
			databaseConnections: 40
		},
		aws: {
			network: {
				zoneCount: 2,
				natPerZone: true,
				interfaceEndpoints: true
			},
			databaseClass: "db.m7g.large",
			databaseGb: 200,
			databaseGbMax: 1e3,
			databaseConnectionsMax: 400,
			cacheNode: "cache.m7g.large",
			cacheNodes: 2,
			natsServers: 3,
			nats: {
				cpu: 512,
				memoryMb: 1024,
				storageGb: 20
			},
			agent: {
				cpu: 512,
				memoryMb: 1024
			},
			workload: {
				cpu: 1024,
				memoryMb: 2048,
				min: 3,
				max: 12
			},
			tenantRequestsPerFiveMinutes: 15e4
		}
	},
	large: {
		local: {
			heapMb: 512,
			databaseConnections: 80
		},
		aws: {
			network: {
				zoneCount: 3,
				natPerZone: true,
				interfaceEndpoints: true
			},
			databaseClass: "db.r7g.xlarge",
			databaseGb: 500,
			databaseGbMax: 4e3,
			databaseConnectionsMax: 900,
			cacheNode: "cache.r7g.large",
			cacheNodes: 3,
			natsServers: 3,
			nats: {
				cpu: 1024,
				memoryMb: 2048,
				storageGb: 50
			},
			agent: {
				cpu: 1024,
				memoryMb: 2048
			},
			workload: {
				cpu: 2048,
				memoryMb: 4096,
				min: 6,
				max: 24
			},
			tenantRequestsPerFiveMinutes: 3e5
		}
	}
};
// libs/contracts/src/workload.ts
/**
* The contract between router, stamp agent and workload: headers in, health out. docs/reference/workload-contract.md
* explains it to people who bring their own workload.
*/
/** Which tenant this request is for. Set by the router, checked by the agent, never taken from a client. */
const tenantHeader = "x-lapidary-tenant";
/** The workload answers 200 here once it can serve. */
const workloadHealthPath = "/healthz";
/** The agent's own health, on the front door; needs no tenant. */
const agentHealthPath = "/_lapidary/healthz";
export { profileOf as i, tenantHeader as n, workloadHealthPath as r, agentHealthPath as t };
