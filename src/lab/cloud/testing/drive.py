"""What a user of boto3 does, against the endpoint given; prints what came of it as JSON."""
import json
import sys

import boto3
from botocore.exceptions import ClientError

options = dict(
    endpoint_url=sys.argv[1], region_name='us-west-2', aws_access_key_id='AKIAEXAMPLE', aws_secret_access_key='x'
)
ec2 = boto3.client('ec2', **options)
vpc = ec2.create_vpc(CidrBlock='10.0.0.0/16')['Vpc']['VpcId']
subnet = ec2.create_subnet(VpcId=vpc, CidrBlock='10.0.0.0/24')['Subnet']['SubnetId']
group = ec2.create_security_group(GroupName='web', Description='Web', VpcId=vpc)['GroupId']
ec2.authorize_security_group_ingress(GroupId=group, IpProtocol='tcp', FromPort=80, ToPort=80, CidrIp='10.0.0.0/8')
instance = ec2.run_instances(
    ImageId='ami-0123456789abcdef0', InstanceType='m5.large', MinCount=1, MaxCount=1, SubnetId=subnet
)['Instances'][0]['InstanceId']
ec2.get_waiter('instance_running').wait(InstanceIds=[instance])
interface = ec2.create_network_interface(
    SubnetId=subnet,
    Groups=[group],
    SecondaryPrivateIpAddressCount=2,
    TagSpecifications=[{'ResourceType': 'network-interface', 'Tags': [{'Key': 'a', 'Value': 'b & c'}]}],
)['NetworkInterface']
attachment = ec2.attach_network_interface(
    NetworkInterfaceId=interface['NetworkInterfaceId'], InstanceId=instance, DeviceIndex=1
)['AttachmentId']
for _ in range(10):
    ec2.create_network_interface(SubnetId=subnet)


def refusal(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return [error.response['ResponseMetadata']['HTTPStatusCode'], error.response['Error']['Code']]


pages = ec2.get_paginator('describe_network_interfaces').paginate(PaginationConfig={'PageSize': 5})
resource = boto3.resource('ec2', **options)
print(
    json.dumps(
        {
            'tags': interface['TagSet'],
            'addresses': [each['PrivateIpAddress'] for each in interface['PrivateIpAddresses']],
            'pages': [len(page['NetworkInterfaces']) for page in pages],
            'rules': [rule['IpProtocol'] for rule in resource.SecurityGroup(group).ip_permissions],
            'attached': resource.NetworkInterface(interface['NetworkInterfaceId']).attachment['AttachmentId'] == attachment,
            'dryRun': refusal(ec2.create_vpc, CidrBlock='10.0.0.0/16', DryRun=True),
            'busy': refusal(ec2.delete_vpc, VpcId=vpc),
            'unknown': refusal(ec2.describe_instances, InstanceIds=['i-0123456789abcdef0']),
        }
    )
)
