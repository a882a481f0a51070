output "deploy_role_arn" {
  description = "Input role-to-assume of mode: deploy, prune and destroy."
  value       = aws_iam_role.deploy.arn
}

output "plan_role_arn" {
  description = "Input role-to-assume of mode: plan."
  value       = aws_iam_role.plan.arn
}

output "transcribe_role_arn" {
  description = "Input role-to-assume of mode: transcribe."
  value       = aws_iam_role.transcribe.arn
}

output "execution_role_arn" {
  description = "Input execution-role-arn."
  value       = aws_iam_role.execution.arn
}
