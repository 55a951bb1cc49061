/**
 * Which changes the cloud can't make in place. The JS package of a provider does not carry this knowledge (it sits in the
 * provider's binary), so the types of our template are listed here; with the real CLI the provider itself decides.
 */
const replacedBy: Readonly<Record<string, readonly string[]>> = {
  'aws:ec2/vpc:Vpc': ['cidrBlock', 'instanceTenancy'],
  'aws:ec2/subnet:Subnet': ['cidrBlock', 'availabilityZone', 'vpcId'],
  'aws:ec2/natGateway:NatGateway': ['subnetId', 'allocationId'],
  'aws:ec2/routeTableAssociation:RouteTableAssociation': ['subnetId'],
  'aws:ec2/securityGroup:SecurityGroup': ['vpcId', 'description', 'name'],
  'aws:kms/alias:Alias': ['name'],
  'aws:rds/subnetGroup:SubnetGroup': ['name'],
  'aws:rds/instance:Instance': ['engine', 'username', 'kmsKeyId', 'storageEncrypted', 'dbName', 'identifier'],
  'aws:iam/role:Role': ['name', 'path'],
  'aws:cloudwatch/logGroup:LogGroup': ['name'],
  'aws:secretsmanager/secret:Secret': ['name'],
  'aws:secretsmanager/secretVersion:SecretVersion': ['secretString', 'secretId'],
  'aws:lb/loadBalancer:LoadBalancer': ['internal', 'loadBalancerType', 'name'],
  'aws:lb/targetGroup:TargetGroup': ['port', 'protocol', 'targetType', 'vpcId', 'name'],
  'aws:ecs/cluster:Cluster': ['name'],
  'aws:ecs/service:Service': ['cluster', 'launchType', 'name'],
  // A task definition is never changed: each revision is a new one.
  'aws:ecs/taskDefinition:TaskDefinition': ['containerDefinitions', 'cpu', 'memory', 'family', 'executionRoleArn', 'taskRoleArn'],
};

export const replacingKeys = (type: string, changed: readonly string[]): readonly string[] =>
  changed.filter((key) => replacedBy[type]?.includes(key) ?? false);
