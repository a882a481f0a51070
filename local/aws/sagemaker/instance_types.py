"""What the local AWS must know of an instance type: its vCPUs, its GPUs and whether its disk is NVMe.

Which types exist is botocore's enum; the counts are from AWS's EC2 instance type pages.
"""

from __future__ import annotations

_VCPUS = {"medium": 1, "large": 2, "xlarge": 4}
# GPUs of the sizes that do not have exactly one.
_GPUS = {
    "p2": {"8xlarge": 8, "16xlarge": 16},
    "p3": {"8xlarge": 4, "16xlarge": 8},
    "g4dn": {"12xlarge": 4},
    "g5": {"12xlarge": 4, "24xlarge": 4, "48xlarge": 8},
    "g6": {"12xlarge": 4, "24xlarge": 4, "48xlarge": 8},
    "g6e": {"12xlarge": 4, "24xlarge": 4, "48xlarge": 8},
    "g7": {"12xlarge": 2, "24xlarge": 4, "48xlarge": 8},
    "g7e": {"12xlarge": 2, "24xlarge": 4, "48xlarge": 8},
    "p4d": {"24xlarge": 8},
    "p4de": {"24xlarge": 8},
    "p5": {"48xlarge": 8},
    "p5e": {"48xlarge": 8},
    "p5en": {"48xlarge": 8},
}
_GPU_FAMILIES = ("p2", "p3", "p4", "p5", "p6", "g4", "g5", "g6", "g7")


def vcpus(instance_type: str) -> int:
    """vCPUs, from the size: 4 for xlarge, 4 n for n-xlarge."""
    size = _split(instance_type)[1]
    if size in _VCPUS:
        return _VCPUS[size]
    count = size.removesuffix("xlarge")
    return 4 * int(count) if count.isdecimal() else 4


def gpus(instance_type: str) -> int:
    """GPUs; 0 for a type without any."""
    family, size = _split(instance_type)
    if not family.startswith(_GPU_FAMILIES):
        return 0
    if family.startswith("p6"):
        return 8
    return _GPUS.get(family, {}).get(size, 1)


def has_nvme(instance_type: str) -> bool:
    """Whether the type brings its own disk, so that VolumeSizeInGB is refused."""
    family = _split(instance_type)[0]
    return family.startswith(("g4dn", "g5", "g6", "g7", "p4", "p5", "p6")) or family.endswith("d")


def _split(instance_type: str) -> tuple[str, str]:
    """'ml.g5.xlarge' -> ('g5', 'xlarge')."""
    _, family, size = instance_type.split(".")
    return family, size
