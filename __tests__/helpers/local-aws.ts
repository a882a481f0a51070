export { type LocalAws, startLocalAws } from '../../script/lib/local-aws.ts';
