resource "aws_iam_role" "transcribe" {
  name                 = var.transcribe_role_name
  description          = "Sends audio to the Whisper endpoint and collects the transcripts."
  path                 = var.role_path
  permissions_boundary = local.has_boundary ? var.permissions_boundary_arn : null
  assume_role_policy   = data.aws_iam_policy_document.transcribe_trust.json
}

data "aws_iam_policy_document" "transcribe_trust" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [local.oidc_provider_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "token.actions.githubusercontent.com:sub"
      values = [
        "repo:${var.github_owner}/${var.github_repository}:${var.transcribe_subject}",
        "repo:${var.github_owner}@${var.github_owner_id}/${var.github_repository}@${var.github_repository_id}:${var.transcribe_subject}",
      ]
    }
  }
}

resource "aws_iam_role_policy" "transcribe" {
  name   = "transcribe"
  role   = aws_iam_role.transcribe.name
  policy = data.aws_iam_policy_document.transcribe.json
}

data "aws_iam_policy_document" "transcribe" {
  statement {
    sid = "Endpoint"
    actions = [
      "sagemaker:DescribeEndpoint",
      "sagemaker:InvokeEndpointAsync",
    ]
    resources = ["arn:${local.partition}:sagemaker:${local.region}:${local.account}:endpoint/${var.endpoint_name}"]
  }

  statement {
    sid       = "EndpointConfigs"
    actions   = ["sagemaker:DescribeEndpointConfig"]
    resources = ["arn:${local.partition}:sagemaker:${local.region}:${local.account}:endpoint-config/${var.endpoint_name}-????????????"]
  }

  statement {
    sid       = "Models"
    actions   = ["sagemaker:DescribeModel"]
    resources = ["arn:${local.partition}:sagemaker:${local.region}:${local.account}:model/${var.endpoint_name}-????????????"]
  }

  statement {
    sid       = "IdleAlarm"
    actions   = ["cloudwatch:DescribeAlarms"]
    resources = ["arn:${local.partition}:cloudwatch:${local.region}:${local.account}:alarm:${var.endpoint_name}-idle"]
  }

  # Without this right S3 answers a read of what is not there with 403, so a condition on the prefix would break
  # more than it protects.
  statement {
    sid       = "Bucket"
    actions   = ["s3:ListBucket"]
    resources = ["arn:${local.partition}:s3:::${local.bucket}"]
  }

  # Never models/: who transcribes cannot change what the endpoint runs.
  statement {
    sid = "Audio"
    actions = [
      "s3:PutObject",
      "s3:DeleteObject",
      "s3:AbortMultipartUpload",
    ]
    resources = ["arn:${local.partition}:s3:::${local.bucket}/${var.prefix}${var.endpoint_name}/input/*"]
  }

  statement {
    sid = "Claims"
    actions = [
      "s3:GetObject",
      "s3:PutObject",
      "s3:DeleteObject",
    ]
    resources = [
      "arn:${local.partition}:s3:::${local.bucket}/${var.prefix}${var.endpoint_name}/jobs/*",
      "arn:${local.partition}:s3:::${local.bucket}/${var.prefix}${var.endpoint_name}/episodes/*",
    ]
  }

  statement {
    sid = "Answers"
    actions = [
      "s3:GetObject",
      "s3:DeleteObject",
    ]
    resources = [
      "arn:${local.partition}:s3:::${local.bucket}/${var.prefix}${var.endpoint_name}/output/*",
      "arn:${local.partition}:s3:::${local.bucket}/${var.prefix}${var.endpoint_name}/failure/*",
    ]
  }

  # Deleted when audio is to be forgotten.
  statement {
    sid = "Transcripts"
    actions = [
      "s3:GetObject",
      "s3:PutObject",
      "s3:DeleteObject",
    ]
    resources = [
      "arn:${local.partition}:s3:::${local.bucket}/${var.prefix}${var.endpoint_name}/results/*",
      "arn:${local.partition}:s3:::${local.bucket}/${var.prefix}${var.endpoint_name}/transcripts/*",
    ]
  }

  # What was written into each repository.
  statement {
    sid = "Published"
    actions = [
      "s3:GetObject",
      "s3:PutObject",
    ]
    resources = ["arn:${local.partition}:s3:::${local.bucket}/${var.prefix}${var.endpoint_name}/published/*"]
  }

  dynamic "statement" {
    for_each = local.has_audio_bucket ? [1] : []

    content {
      sid       = "AudioBucket"
      actions   = ["s3:ListBucket"]
      resources = ["arn:${local.partition}:s3:::${var.audio_bucket}"]
    }
  }

  # To see that an object is still the one that was sent. SageMaker reads it, as the execution role.
  dynamic "statement" {
    for_each = local.has_audio_bucket ? [1] : []

    content {
      sid       = "AudioInPlace"
      actions   = ["s3:GetObject"]
      resources = ["arn:${local.partition}:s3:::${var.audio_bucket}/${var.audio_prefix}*"]
    }
  }

  dynamic "statement" {
    for_each = local.has_publish_bucket ? [1] : []

    content {
      sid       = "PublishBucket"
      actions   = ["s3:ListBucket"]
      resources = ["arn:${local.partition}:s3:::${var.publish_bucket}"]
    }
  }

  dynamic "statement" {
    for_each = local.has_publish_bucket ? [1] : []

    content {
      sid = "PublishFolder"
      actions = [
        "s3:GetObject",
        "s3:PutObject",
        "s3:DeleteObject",
      ]
      resources = ["arn:${local.partition}:s3:::${var.publish_bucket}/${var.publish_prefix}*"]
    }
  }

  dynamic "statement" {
    for_each = local.has_key ? [1] : []

    content {
      sid = "Key"
      actions = [
        "kms:Decrypt",
        "kms:GenerateDataKey",
      ]
      resources = [var.kms_key_arn]
    }
  }

  statement {
    sid = "WholeAccount"
    actions = [
      "cloudwatch:GetMetricData",
      "application-autoscaling:DescribeScalingActivities",
    ]
    resources = ["*"]
  }
}
