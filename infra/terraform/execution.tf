resource "aws_iam_role" "execution" {
  name                 = var.execution_role_name
  description          = "What SageMaker does for the Whisper endpoint, it does as this role."
  path                 = var.role_path
  permissions_boundary = local.has_boundary ? var.permissions_boundary_arn : null
  assume_role_policy   = data.aws_iam_policy_document.execution_trust.json
}

data "aws_iam_policy_document" "execution_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["sagemaker.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "execution" {
  name   = "execution"
  role   = aws_iam_role.execution.name
  policy = data.aws_iam_policy_document.execution.json
}

data "aws_iam_policy_document" "execution" {
  statement {
    sid       = "Bucket"
    actions   = ["s3:ListBucket"]
    resources = ["arn:${local.partition}:s3:::${local.bucket}"]
  }

  statement {
    sid     = "WeightsAndAudio"
    actions = ["s3:GetObject"]
    resources = [
      "arn:${local.partition}:s3:::${local.bucket}/${var.prefix}${var.endpoint_name}/models/*",
      "arn:${local.partition}:s3:::${local.bucket}/${var.prefix}${var.endpoint_name}/input/*",
    ]
  }

  # SageMaker looks at these places when the endpoint is made, and says nowhere whether with a slash at their end.
  statement {
    sid = "Answers"
    actions = [
      "s3:PutObject",
      "s3:AbortMultipartUpload",
    ]
    resources = [
      "arn:${local.partition}:s3:::${local.bucket}/${var.prefix}${var.endpoint_name}/output*",
      "arn:${local.partition}:s3:::${local.bucket}/${var.prefix}${var.endpoint_name}/failure*",
    ]
  }

  dynamic "statement" {
    for_each = local.has_model_bucket ? [1] : []

    content {
      sid       = "ModelBucket"
      actions   = ["s3:ListBucket"]
      resources = ["arn:${local.partition}:s3:::${var.model_bucket}"]
    }
  }

  dynamic "statement" {
    for_each = local.has_audio_bucket ? [1] : []

    content {
      sid       = "AudioInPlace"
      actions   = ["s3:GetObject"]
      resources = ["arn:${local.partition}:s3:::${var.audio_bucket}/${var.audio_prefix}*"]
    }
  }

  dynamic "statement" {
    for_each = local.has_model_bucket ? [1] : []

    content {
      sid       = "ModelInPlace"
      actions   = ["s3:GetObject"]
      resources = ["arn:${local.partition}:s3:::${var.model_bucket}/${var.model_prefix}*"]
    }
  }

  statement {
    sid = "Image"
    actions = [
      "ecr:BatchCheckLayerAvailability",
      "ecr:GetDownloadUrlForLayer",
      "ecr:BatchGetImage",
    ]
    resources = ["arn:${local.partition}:ecr:${local.region}:${local.account_of_repository}:repository/${var.repository_name}"]
  }

  statement {
    sid = "EndpointLog"
    actions = [
      "logs:CreateLogGroup",
      "logs:DescribeLogStreams",
    ]
    resources = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws/sagemaker/Endpoints/${var.endpoint_name}:*"]
  }

  statement {
    sid = "EndpointLogStreams"
    actions = [
      "logs:CreateLogStream",
      "logs:PutLogEvents",
    ]
    resources = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws/sagemaker/Endpoints/${var.endpoint_name}:log-stream:*"]
  }

  dynamic "statement" {
    for_each = local.has_topics ? [1] : []

    content {
      sid       = "Topics"
      actions   = ["sns:Publish"]
      resources = var.topic_arns
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

  dynamic "statement" {
    for_each = local.runs_in_vpc ? [1] : []

    content {
      sid = "NetworkInterfaces"
      actions = [
        "ec2:CreateNetworkInterface",
        "ec2:CreateNetworkInterfacePermission",
        "ec2:DeleteNetworkInterface",
        "ec2:DeleteNetworkInterfacePermission",
      ]
      resources = ["arn:${local.partition}:ec2:${local.region}:${local.account}:network-interface/*"]
    }
  }

  dynamic "statement" {
    for_each = local.runs_in_vpc ? [1] : []

    content {
      sid     = "NetworkPlaces"
      actions = ["ec2:CreateNetworkInterface"]
      resources = [
        "arn:${local.partition}:ec2:${local.region}:${local.account}:subnet/*",
        "arn:${local.partition}:ec2:${local.region}:${local.account}:security-group/*",
      ]
    }
  }

  dynamic "statement" {
    for_each = local.runs_in_vpc ? [1] : []

    content {
      sid = "Network"
      actions = [
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeVpcs",
        "ec2:DescribeDhcpOptions",
        "ec2:DescribeSubnets",
        "ec2:DescribeSecurityGroups",
      ]
      resources = ["*"]
    }
  }

  statement {
    sid = "WholeAccount"
    actions = [
      "ecr:GetAuthorizationToken",
      "cloudwatch:PutMetricData",
    ]
    resources = ["*"]
  }
}
